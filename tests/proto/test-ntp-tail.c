/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/ntp-packet.h"
#include "proto/ntp-tail.h"

#define MOST_BYTES 1500

typedef struct {
    const char *name;
    unsigned version;
    size_t field_bytes[3]; /* what the fields say of their own length */
    size_t n_mac_bytes;    /* with the number of the key */
    VtNtpTail wanted;
} Case;

static const Case cases[] = {
    { "header-alone", 4, { 0 }, 0, { VT_NTP_TAIL_PLAIN, 0, 48, 0, 0 } },
    { "cmac", 4, { 0 }, 20, { VT_NTP_TAIL_MAC, 0, 48, 7, 16 } },
    { "sha1", 4, { 0 }, 24, { VT_NTP_TAIL_MAC, 0, 48, 7, 20 } },
    { "crypto-nak", 4, { 0 }, 4, { VT_NTP_TAIL_BROKEN, 0, 0, 0, 0 } },
    { "odd-code", 4, { 0 }, 21, { VT_NTP_TAIL_BROKEN, 0, 0, 0, 0 } },
    { "one-field", 4, { 28 }, 0, { VT_NTP_TAIL_PLAIN, 1, 76, 0, 0 } },
    { "last-field-too-short", 4, { 16 }, 0, { VT_NTP_TAIL_BROKEN, 0, 0, 0, 0 } },
    { "short-field-and-code", 4, { 16 }, 20, { VT_NTP_TAIL_MAC, 1, 64, 7, 16 } },
    { "three-fields-and-code", 4, { 16, 1000, 32 }, 20, { VT_NTP_TAIL_MAC, 3, 1096, 7, 16 } },
    { "version-3-code", 3, { 0 }, 20, { VT_NTP_TAIL_MAC, 0, 48, 7, 16 } },
    { "version-3-sha512", 3, { 0 }, 68, { VT_NTP_TAIL_MAC, 0, 48, 7, 64 } },
    { "version-3-too-long", 3, { 0 }, 72, { VT_NTP_TAIL_BROKEN, 0, 0, 0, 0 } },
    { "version-1-alone", 1, { 0 }, 0, { VT_NTP_TAIL_PLAIN, 0, 48, 0, 0 } },
};

/* The packet of a case; returns its length. */
static size_t
compose(const Case *row, uint8_t ret_bytes[MOST_BYTES])
{
    size_t n_bytes = VT_NTP_PACKET_BYTES;
    memset(ret_bytes, 0, MOST_BYTES);
    for (size_t i = 0; i < G_N_ELEMENTS(row->field_bytes); i++) {
        ret_bytes[n_bytes + 2] = (uint8_t)(row->field_bytes[i] >> 8);
        ret_bytes[n_bytes + 3] = (uint8_t)row->field_bytes[i];
        n_bytes += row->field_bytes[i];
    }
    memset(ret_bytes + n_bytes, 0, 4);
    ret_bytes[n_bytes + 3] = row->n_mac_bytes != 0 ? 7 : 0;
    return n_bytes + row->n_mac_bytes;
}

static void
test_tail(gconstpointer data)
{
    const Case *row = data;
    uint8_t bytes[MOST_BYTES];
    size_t n_bytes = compose(row, bytes);

    VtNtpTail tail = vt_ntp_tail_parse(row->version, bytes, n_bytes);

    g_assert_cmpint(tail.kind, ==, row->wanted.kind);
    g_assert_cmpuint(tail.n_fields, ==, row->wanted.n_fields);
    g_assert_cmpuint(tail.n_signed_bytes, ==, row->wanted.n_signed_bytes);
    g_assert_cmpuint(tail.key_id, ==, row->wanted.key_id);
    g_assert_cmpuint(tail.n_mac_bytes, ==, row->wanted.n_mac_bytes);
}

static void
test_field_lengths_are_not_believed(void)
{
    static const size_t lies[] = { 0, 4, 12, 17, 1000, 65532 };
    uint8_t bytes[VT_NTP_PACKET_BYTES + 64] = { 0 };
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        bytes[VT_NTP_PACKET_BYTES + 2] = (uint8_t)(lies[i] >> 8);
        bytes[VT_NTP_PACKET_BYTES + 3] = (uint8_t)lies[i];
        VtNtpTail tail = vt_ntp_tail_parse(4, bytes, sizeof bytes);
        g_assert_cmpint(tail.kind, ==, VT_NTP_TAIL_BROKEN);
    }
}

/* Copies of exactly the length, so that the sanitizers see a byte read too far. */
static void
test_random_bytes_of_every_length_are_parsed_within_them(void)
{
    for (size_t n_bytes = VT_NTP_PACKET_BYTES; n_bytes <= MOST_BYTES; n_bytes++) {
        g_autofree uint8_t *bytes = g_malloc(n_bytes);
        for (size_t i = 0; i < n_bytes; i++)
            bytes[i] = (uint8_t)g_test_rand_int();
        VtNtpTail tail = vt_ntp_tail_parse(1 + n_bytes % 4, bytes, n_bytes);
        if (tail.kind == VT_NTP_TAIL_PLAIN)
            g_assert_cmpuint(tail.n_signed_bytes, ==, n_bytes);
        else if (tail.kind == VT_NTP_TAIL_MAC)
            g_assert_cmpuint(tail.n_signed_bytes + 4 + tail.n_mac_bytes, ==, n_bytes);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/proto/ntp-tail/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_tail);
    }
    g_test_add_func("/proto/ntp-tail/field-lengths-are-not-believed",
                    test_field_lengths_are_not_believed);
    g_test_add_func("/proto/ntp-tail/random-bytes-of-every-length-are-parsed-within-them",
                    test_random_bytes_of_every_length_are_parsed_within_them);
    return g_test_run();
}
