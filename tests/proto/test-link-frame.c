/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/link-frame.h"

static void
test_encodes_golden_bytes(void)
{
    /* The last four bytes are zlib's CRC-32 of the rest, from another implementation. */
    static const uint8_t expected[] = {
        'V',  'T',  'L', 'K', 0x01, 0x04, 0x03, 0x00, 0x04, 0x03,
        0x02, 0x01, 'a', 'b', 'c',  0x18, 0xf5, 0xfb, 0xa8,
    };
    VtLinkFrame frame = {
        .version = 1,
        .type = VT_LINK_NOTICE,
        .payload_bytes = 3,
        .sequence = 0x01020304,
        .payload = "abc",
    };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];

    size_t n_bytes = vt_link_frame_encode(&frame, bytes);

    g_assert_cmpmem(bytes, n_bytes, expected, sizeof expected);
}

static void
test_empty_frame_takes_16_bytes(void)
{
    static const uint8_t expected[] = {
        'V', 'T', 'L', 'K', 1, 4, 0, 0, 0, 0, 0, 0, 0x5c, 0xc9, 0x50, 0x80,
    };
    VtLinkFrame frame = { .version = 1, .type = VT_LINK_NOTICE };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];

    size_t n_bytes = vt_link_frame_encode(&frame, bytes);

    g_assert_cmpmem(bytes, n_bytes, expected, sizeof expected);
}

static void
test_full_frame_takes_512_bytes(void)
{
    VtLinkFrame frame = { .payload_bytes = VT_LINK_MAX_PAYLOAD_BYTES };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];

    g_assert_cmpuint(vt_link_frame_encode(&frame, bytes), ==, VT_LINK_MAX_FRAME_BYTES);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/link-frame/encodes-golden-bytes", test_encodes_golden_bytes);
    g_test_add_func("/proto/link-frame/empty-frame-takes-16-bytes",
                    test_empty_frame_takes_16_bytes);
    g_test_add_func("/proto/link-frame/full-frame-takes-512-bytes",
                    test_full_frame_takes_512_bytes);
    return g_test_run();
}
