/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a leap-seconds.list. What is taken from it is a possible offset, at any instant. */
#include <glib.h>

#include "proto/leap-list.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static const int64_t instants_sec[] = { 0, 100000000, 1790000000, 9000000000 };
    g_autofree char *text = g_strndup((const char *)bytes, n_bytes);

    for (size_t i = 0; i < G_N_ELEMENTS(instants_sec); i++) {
        int offset_sec = 0;
        VtWall at = { .ns = instants_sec[i] * VT_NS_PER_SEC };
        VtLeapListCheck check = vt_leap_list_get_offset(text, at, &offset_sec);
        g_assert(check < VT_LEAP_LIST_N_CHECKS);
        g_assert((check == VT_LEAP_LIST_OK) == (offset_sec != 0));
        g_assert(offset_sec >= 0 && offset_sec <= 1000);
    }
    return 0;
}
