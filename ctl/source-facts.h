/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What several commands say of one source that GetSources tells of. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "ctl/style.h"

/* "^" an NTP server, "#" a clock of this machine or of its host. */
const char *vt_source_facts_get_kind_sign(GVariant *source);

/* What became of it: "*", "+", "-", "x", "~" or "?"; static or borrowed from @source. */
const char *vt_source_facts_get_state_sign(GVariant *source);
VtStyle vt_source_facts_get_style(GVariant *source);

/* False: what was measured of it is all zero. */
bool vt_source_facts_is_measured(GVariant *source);

/* Why it does not serve, in words; "" for nothing. Transfer full. */
char *vt_source_facts_dup_problem(GVariant *source);

/* Explains the signs of the state, a line each. */
#define VT_SOURCE_FACTS_SIGNS                                                         \
    "     *  followed                      +  its word counts, too\n"                 \
    "     -  agrees, and is not needed     x  contradicts the others: not believed\n" \
    "     ~  its readings scatter too much ?  does not answer, or is no use\n"
