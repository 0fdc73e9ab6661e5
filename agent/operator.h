/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator may want of the sources: of one, by its name or address, or of all by "". */
#pragma once

#include "agent/hints/hint.h"
#include "agent/sources.h"

/*
 * Asks it, or all that can be asked, several times in a row as soon as that may be.
 * VT_ERROR_NOT_FOUND: there is no such source; VT_ERROR_UNSUPPORTED: it cannot be asked now.
 */
bool vt_operator_burst(VtSources *sources, const char *name, GError **error);

/* Leaves it alone, or all, or no longer. VT_ERROR_NOT_FOUND: there is no such source. */
bool
vt_operator_set_online(VtSources *sources, const char *name, bool is_online, GError **error);

/* Of the servers those are online that there is a way to now, and no others. */
void vt_operator_check_routes(VtSources *sources);

/*
 * The sign that an operator gives by asking for a step: the clock is measured and stepped, however
 * far and wherever, as the operator is the witness that this needs.
 */
extern const VtHint vt_operator_step;
