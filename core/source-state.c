/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/source-state.h"

#include <glib.h>

char
vt_source_state_sign(VtSourceState state)
{
    static const char signs[] = {
        [VT_SOURCE_STATE_SELECTED] = '*', [VT_SOURCE_STATE_COMBINED] = '+',
        [VT_SOURCE_STATE_SPARE] = '-',    [VT_SOURCE_STATE_FALSE] = 'x',
        [VT_SOURCE_STATE_VARIABLE] = '~', [VT_SOURCE_STATE_UNUSABLE] = '?',
    };
    g_assert(state > VT_SOURCE_STATE_INVALID && state < G_N_ELEMENTS(signs));
    return signs[state];
}
