/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/byte-reader.h"

static const uint8_t counting[] = { 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88, 0x09 };

static void
test_takes_in_both_byte_orders(void)
{
    VtByteReader reader;

    vt_byte_reader_init(&reader, counting, sizeof counting);
    g_assert_cmphex(vt_byte_reader_take_u8(&reader), ==, 0x81);
    g_assert_cmphex(vt_byte_reader_take_le16(&reader), ==, 0x0302);
    g_assert_cmphex(vt_byte_reader_take_le32(&reader), ==, 0x07060504);
    vt_byte_reader_init(&reader, counting, sizeof counting);
    g_assert_cmphex(vt_byte_reader_take_be32(&reader), ==, 0x81020304);
    vt_byte_reader_init(&reader, counting, sizeof counting);
    g_assert_cmphex(vt_byte_reader_take_be64(&reader), ==, 0x8102030405060788);
    g_assert_cmpuint(reader.n_bytes, ==, 1);
    vt_byte_reader_init(&reader, counting, sizeof counting);
    g_assert_cmphex(vt_byte_reader_take_le64(&reader), ==, 0x8807060504030281);
    vt_byte_reader_init(&reader, counting, sizeof counting);
    g_assert_cmpint(vt_byte_reader_take_signed_le64(&reader), ==, -8644934341102468479);
    g_assert_false(reader.is_short);
}

static void
test_take_past_the_end_takes_nothing(void)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, counting, 3);

    g_assert_cmpuint(vt_byte_reader_take_le32(&reader), ==, 0);

    g_assert_true(reader.is_short);
    g_assert_cmpuint(reader.n_bytes, ==, 3);
    g_assert_true(reader.bytes == counting);
}

static void
test_short_reader_stays_short(void)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, counting, 1);
    (void)vt_byte_reader_take_le16(&reader);

    uint8_t value = vt_byte_reader_take_u8(&reader);

    g_assert_cmpuint(value, ==, 0);
    g_assert_true(reader.is_short);
}

static void
test_missing_bytes_are_zeroes(void)
{
    VtByteReader reader;
    uint8_t bytes[4] = { 9, 9, 9, 9 };
    vt_byte_reader_init(&reader, counting, 3);

    vt_byte_reader_take_bytes(&reader, bytes, sizeof bytes);

    static const uint8_t zeroes[4] = { 0 };
    g_assert_cmpmem(bytes, sizeof bytes, zeroes, sizeof zeroes);
    g_assert_true(reader.is_short);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/byte-reader/takes-in-both-byte-orders",
                    test_takes_in_both_byte_orders);
    g_test_add_func("/proto/byte-reader/take-past-the-end-takes-nothing",
                    test_take_past_the_end_takes_nothing);
    g_test_add_func("/proto/byte-reader/short-reader-stays-short",
                    test_short_reader_stays_short);
    g_test_add_func("/proto/byte-reader/missing-bytes-are-zeroes",
                    test_missing_bytes_are_zeroes);
    return g_test_run();
}
