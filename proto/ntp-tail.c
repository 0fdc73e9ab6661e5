/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/ntp-tail.h"

#include <stdbool.h>

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/ntp-packet.h"

/* RFC 7822, section 3: type and length, and never less than 16 bytes with the value. */
#define LEAST_FIELD_BYTES 16
/* The same, section 7.5.1.4: up to here what is left is a code, from 28 on a field. */
#define MOST_V4_MAC_BYTES 24
/* A digest of 64 bytes (SHA-512), as version 3 may carry one. */
#define MOST_V3_MAC_BYTES 68
/* Version 2 had DES: a number and 8 bytes. */
#define LEAST_V3_MAC_BYTES 12
#define LEAST_V4_MAC_BYTES 20

static bool
is_mac(unsigned version, size_t n_bytes)
{
    if (n_bytes % 4 != 0)
        return false;
    if (version >= 4)
        return n_bytes >= LEAST_V4_MAC_BYTES && n_bytes <= MOST_V4_MAC_BYTES;
    return n_bytes >= LEAST_V3_MAC_BYTES && n_bytes <= MOST_V3_MAC_BYTES;
}

/* How many bytes the field at the reader takes; 0 if none can be there. */
static size_t
measure_field(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes < LEAST_FIELD_BYTES)
        return 0;
    size_t n_field_bytes = (size_t)bytes[2] << 8 | bytes[3];
    bool is_sane = n_field_bytes >= LEAST_FIELD_BYTES && n_field_bytes % 4 == 0;
    return is_sane && n_field_bytes <= n_bytes ? n_field_bytes : 0;
}

VtNtpTail
vt_ntp_tail_parse(unsigned version, const uint8_t *bytes, size_t n_bytes)
{
    VtNtpTail tail = { .n_signed_bytes = VT_NTP_PACKET_BYTES };
    g_assert(n_bytes >= VT_NTP_PACKET_BYTES);

    while (version >= 4 && n_bytes - tail.n_signed_bytes > MOST_V4_MAC_BYTES) {
        size_t n_field_bytes =
            measure_field(bytes + tail.n_signed_bytes, n_bytes - tail.n_signed_bytes);
        if (n_field_bytes == 0)
            return (VtNtpTail){ .kind = VT_NTP_TAIL_BROKEN };
        tail.n_signed_bytes += n_field_bytes;
        tail.n_fields++;
    }

    size_t n_left = n_bytes - tail.n_signed_bytes;
    if (n_left == 0)
        return tail;
    if (!is_mac(version, n_left))
        return (VtNtpTail){ .kind = VT_NTP_TAIL_BROKEN };
    VtByteReader reader;
    vt_byte_reader_init(&reader, bytes + tail.n_signed_bytes, n_left);
    tail.kind = VT_NTP_TAIL_MAC;
    tail.key_id = vt_byte_reader_take_be32(&reader);
    tail.n_mac_bytes = n_left - VT_NTP_KEY_ID_BYTES;
    return tail;
}
