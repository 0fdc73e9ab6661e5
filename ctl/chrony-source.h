/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directives server, pool and refclock of a chrony.conf as groups of an agent.conf. */
#pragma once

#include <glib.h>

typedef struct {
    unsigned line;
    char **words; /* "server" or "pool", the address, options */
} VtChronySource;

/*
 * Appends a group with a name that @names has not yet to @output; to @notes what of it has no
 * counterpart, or why there is no group.
 */
void vt_chrony_source_append(const VtChronySource *source,
                             GHashTable *names,
                             GString *output,
                             GPtrArray *notes);

/* Appends a group of a refclock. NULL, or why there is none; static. */
const char *vt_chrony_refclock_append(char **words, GHashTable *names, GString *output);
