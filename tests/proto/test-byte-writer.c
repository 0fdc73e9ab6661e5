/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/byte-writer.h"

static void
test_puts_in_both_byte_orders(void)
{
    static const uint8_t expected[] = {
        0x11, 0x22, 0x11, 0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33,
        0x22, 0x11, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x11, 0x22, 0x33,
        0x44, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0xaa, 0xbb,
    };
    uint8_t bytes[sizeof expected];
    VtByteWriter writer;
    vt_byte_writer_init(&writer, bytes, sizeof bytes);

    vt_byte_writer_put_u8(&writer, 0x11);
    vt_byte_writer_put_le16(&writer, 0x1122);
    vt_byte_writer_put_le32(&writer, 0x11223344);
    vt_byte_writer_put_le64(&writer, 0x1122334455667788);
    vt_byte_writer_put_signed_le64(&writer, -2);
    vt_byte_writer_put_be32(&writer, 0x11223344);
    vt_byte_writer_put_be64(&writer, 0x1122334455667788);
    vt_byte_writer_put_bytes(&writer, (const uint8_t[]){ 0xaa, 0xbb }, 2);

    g_assert_cmpmem(bytes, writer.n_bytes, expected, sizeof expected);
}

static void
test_overflow_is_a_bug(void)
{
    if (g_test_subprocess()) {
        uint8_t bytes[3];
        VtByteWriter writer;
        vt_byte_writer_init(&writer, bytes, sizeof bytes);
        vt_byte_writer_put_le32(&writer, 1);
        return;
    }

    g_test_trap_subprocess(NULL, 0, 0);

    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*assertion failed*");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/byte-writer/puts-in-both-byte-orders",
                    test_puts_in_both_byte_orders);
    g_test_add_func("/proto/byte-writer/overflow-is-a-bug", test_overflow_is_a_bug);
    return g_test_run();
}
