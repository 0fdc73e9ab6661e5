/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a packet with all that follows its header. What is found adds up to its length. */
#include <glib.h>

#include "proto/ntp-packet.h"
#include "proto/ntp-tail.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < VT_NTP_PACKET_BYTES)
        return 0;
    VtNtpTail tail = vt_ntp_tail_parse(bytes[0] >> 3 & 7, bytes, n_bytes);
    switch (tail.kind) {
    case VT_NTP_TAIL_PLAIN:
        g_assert(tail.n_signed_bytes == n_bytes);
        break;
    case VT_NTP_TAIL_MAC:
        g_assert(tail.n_signed_bytes + VT_NTP_KEY_ID_BYTES + tail.n_mac_bytes == n_bytes);
        g_assert(tail.n_mac_bytes > 0);
        break;
    case VT_NTP_TAIL_BROKEN:
        g_assert(n_bytes > VT_NTP_PACKET_BYTES);
        break;
    }
    return 0;
}
