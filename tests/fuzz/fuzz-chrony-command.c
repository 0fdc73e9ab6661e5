/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: what claims to be chronyd's reply, with the sequence that it carries itself. */
#include <glib.h>

#include "proto/chrony-command.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint32_t sequence = 0;
    for (size_t i = 16; i < 20 && i < n_bytes; i++)
        sequence = sequence << 8 | bytes[i];
    VtChronyTracking tracking;
    VtChronyReply verdict =
        vt_chrony_decode_tracking_reply(bytes, n_bytes, sequence, &tracking);
    if (verdict == VT_CHRONY_REPLY_OK) {
        g_assert(n_bytes >= VT_CHRONY_TRACKING_BYTES);
        g_assert(tracking.leap <= 3);
        g_assert(tracking.root_delay_ns >= 0 && tracking.root_dispersion_ns >= 0);
    }
    if (vt_chrony_decode_done(bytes, n_bytes, VT_CHRONY_RESET_SOURCES, sequence) ==
        VT_CHRONY_REPLY_OK)
        g_assert(n_bytes >= VT_CHRONY_NULL_REPLY_BYTES);
    return 0;
}
