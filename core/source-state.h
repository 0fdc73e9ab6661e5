/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has become of one reference among several, with the signs that operators of chrony know.
 */
#pragma once

typedef enum {
    VT_SOURCE_STATE_INVALID,
    VT_SOURCE_STATE_SELECTED, /* followed */
    VT_SOURCE_STATE_COMBINED, /* its word counts beside that of the one that is followed */
    VT_SOURCE_STATE_SPARE,    /* agrees with the others, and is not needed */
    VT_SOURCE_STATE_FALSE,    /* contradicts the others */
    VT_SOURCE_STATE_VARIABLE, /* its readings scatter too much */
    VT_SOURCE_STATE_UNUSABLE, /* does not answer, or says itself that it is no use */
} VtSourceState;

/* '*', '+', '-', 'x', '~', '?' */
char vt_source_state_sign(VtSourceState state);
