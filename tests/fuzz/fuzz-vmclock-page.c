/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a page, and after it a counter value. Whatever the page says, time and bound are either
 * refused or on scales that hold them.
 */
#include <string.h>

#include <glib.h>

#include "proto/vmclock-page.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    VtVmclockPage page;
    VtVmclockTime time;
    uint64_t counter = 0;

    if (vt_vmclock_page_decode(bytes, n_bytes, &page) != VT_VMCLOCK_OK)
        return 0;
    g_assert((page.sequence & 1) == 0);
    if (n_bytes >= VT_VMCLOCK_PAGE_BYTES + sizeof counter)
        memcpy(&counter, bytes + VT_VMCLOCK_PAGE_BYTES, sizeof counter);
    if (vt_vmclock_page_get_time(&page, VT_VMCLOCK_COUNTER_X86_TSC, counter, &time) ==
        VT_VMCLOCK_TIME_OK) {
        g_assert(time.at.ns >= 0 && time.error_ns >= 0 && time.leap <= 2);
        g_assert(page.counter_id == VT_VMCLOCK_COUNTER_X86_TSC);
    }
    return 0;
}
