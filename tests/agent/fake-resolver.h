/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The resolver of this process, as a test wants it: one answer for all names, which comes from
 * the main loop, or none.
 */
#pragma once

#include <gio/gio.h>

G_DECLARE_FINAL_TYPE(FakeResolver, fake_resolver, FAKE, RESOLVER, GResolver)

/* Takes the place of the default one, at once. Transfer full. */
FakeResolver *fake_resolver_new(void);

/* Puts the real one back. */
void fake_resolver_free(FakeResolver *resolver);

/* Numeric addresses, separated by blanks; "": names are not found. */
void fake_resolver_set_answer(FakeResolver *resolver, const char *addresses);

/* How many names were looked up. */
unsigned fake_resolver_get_n_lookups(const FakeResolver *resolver);
