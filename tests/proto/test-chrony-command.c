/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/chrony-command.h"

#define SEQUENCE UINT32_C(0xa1b2c3d4)

/* Written down by hand from candm.h. */
static const uint8_t golden[VT_CHRONY_TRACKING_BYTES] = {
    6,    2,    0,    0,    0,    33,   0,    5,    0, 0, 0, 0, 0, 0, 0, 0, /* reply 5 to command 33, success */
    0xa1, 0xb2, 0xc3, 0xd4, 0,    0,    0,    0,    0, 0, 0, 0, /* sequence, padding */
    10,   0,    0,    1,                                        /* reference id */
    10,   0,    0,    1,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0,
    1,    0,    0,                                              /* its address */
    0,    3,    0,    1,                                        /* stratum, leap */
    0x7f, 0xff, 0xff, 0xff, 0x65, 0x53, 0xf1, 0x00, 0, 0, 0, 5, /* 1700000000.000000005 */
    0x02, 0x80, 0x00, 0x00,                                     /* 2^1 * 0.25 s */
    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0,
    0,    0,    0,          /* offsets, rates */
    0xfc, 0x80, 0x00, 0x00, /* root delay: 2^-2 * 0.25 s */
    0xfa, 0x80, 0x00, 0x00, /* root dispersion: 2^-3 * 0.25 s */
    0,    0,    0,    0,    /* interval */
};

static void
test_request_is_as_long_as_its_reply(void)
{
    uint8_t bytes[VT_CHRONY_TRACKING_BYTES];
    uint8_t wanted[VT_CHRONY_TRACKING_BYTES] = {
        6, 1, 0, 0, 0, 33, 0, 0, 0xa1, 0xb2, 0xc3, 0xd4
    };

    vt_chrony_encode_tracking_request(SEQUENCE, bytes);

    g_assert_cmpmem(bytes, sizeof bytes, wanted, sizeof wanted);
}

static void
test_reply_is_read(void)
{
    VtChronyTracking tracking;

    g_assert_cmpint(vt_chrony_decode_tracking_reply(golden, sizeof golden, SEQUENCE, &tracking),
                    ==, VT_CHRONY_REPLY_OK);

    g_assert_cmphex(tracking.reference_id, ==, 0x0a000001);
    g_assert_cmpuint(tracking.stratum, ==, 3);
    g_assert_cmpuint(tracking.leap, ==, 1);
    g_assert_cmpint(tracking.reference_at.ns, ==, INT64_C(1700000000) * VT_NS_PER_SEC + 5);
    g_assert_cmpint(tracking.correction_ns, ==, VT_NS_PER_SEC / 2);
    g_assert_cmpint(tracking.root_delay_ns, ==, VT_NS_PER_SEC / 16);
    g_assert_cmpint(tracking.root_dispersion_ns, ==, VT_NS_PER_SEC / 32);
}

static void
test_float_is_read(void)
{
    g_assert_cmpint(vt_chrony_float_to_ns(0), ==, 0);
    /* 1e-9: 2^-29 times 0.537; the coefficient is 18014399 of 2^25. */
    g_assert_cmpint(vt_chrony_float_to_ns(0x63u << 25 | 0x0112e0be), ==, -1);
    g_assert_cmpint(vt_chrony_float_to_ns(0x02800000), ==, VT_NS_PER_SEC / 2);
    g_assert_cmpint(vt_chrony_float_to_ns(0x03800000), ==, -VT_NS_PER_SEC / 2);
    g_assert_cmpint(vt_chrony_float_to_ns(0x7effffff), ==, VT_NS_MAX);
}

typedef struct {
    const char *name;
    size_t at;
    uint8_t value;
    VtChronyReply wanted;
} Refusal;

static const Refusal refusals[] = {
    { "version-5", 0, 5, VT_CHRONY_REPLY_MALFORMED },
    { "a-request", 1, 1, VT_CHRONY_REPLY_MALFORMED },
    { "other-command", 5, 34, VT_CHRONY_REPLY_FOREIGN },
    { "other-reply", 7, 6, VT_CHRONY_REPLY_REFUSED },
    { "unauthorised", 9, 2, VT_CHRONY_REPLY_REFUSED },
    { "other-sequence", 19, 0, VT_CHRONY_REPLY_FOREIGN },
    { "leap-4", 55, 4, VT_CHRONY_REPLY_MALFORMED },
    { "negative-dispersion", 96, 0xfb, VT_CHRONY_REPLY_MALFORMED },
};

static void
test_refusal(gconstpointer data)
{
    const Refusal *refusal = data;
    uint8_t bytes[sizeof golden];
    VtChronyTracking tracking;
    memcpy(bytes, golden, sizeof bytes);
    bytes[refusal->at] = refusal->value;

    g_assert_cmpint(vt_chrony_decode_tracking_reply(bytes, sizeof bytes, SEQUENCE, &tracking),
                    ==, refusal->wanted);
}

static void
test_every_shorter_reply_is_malformed(void)
{
    VtChronyTracking tracking;
    for (size_t n_bytes = 0; n_bytes < sizeof golden; n_bytes++) {
        g_autofree uint8_t *bytes = g_memdup2(golden, n_bytes);
        g_assert_cmpint(vt_chrony_decode_tracking_reply(bytes, n_bytes, SEQUENCE, &tracking),
                        ==, VT_CHRONY_REPLY_MALFORMED);
    }
}

static void
test_commands_are_as_chronyd_reads_them(void)
{
    static const uint8_t reset[VT_CHRONY_NULL_REPLY_BYTES] = { 6, 1, 0,    0,    0,    66,
                                                               0, 0, 0xa1, 0xb2, 0xc3, 0xd4 };
    static const uint8_t makestep[VT_CHRONY_NULL_REPLY_BYTES] = {
        6, 1, 0, 0, 0, 43, 0, 0, 0xa1, 0xb2, 0xc3, 0xd4
    };
    /* No mask and no address: all sources; 4 good of 8. */
    static const uint8_t burst[68] = { 6, 1,    0,    0,    0,    3,        0,
                                       0, 0xa1, 0xb2, 0xc3, 0xd4, [63] = 4, [67] = 8 };
    uint8_t bytes[VT_CHRONY_MAX_REQUEST_BYTES];

    size_t n_bytes = vt_chrony_encode_command(VT_CHRONY_RESET_SOURCES, SEQUENCE, bytes);
    g_assert_cmpmem(bytes, n_bytes, reset, sizeof reset);
    n_bytes = vt_chrony_encode_command(VT_CHRONY_MAKESTEP, SEQUENCE, bytes);
    g_assert_cmpmem(bytes, n_bytes, makestep, sizeof makestep);
    n_bytes = vt_chrony_encode_command(VT_CHRONY_BURST, SEQUENCE, bytes);
    g_assert_cmpmem(bytes, n_bytes, burst, sizeof burst);
}

static void
test_done_is_told_from_refused(void)
{
    uint8_t bytes[VT_CHRONY_NULL_REPLY_BYTES] = { 6, 2, 0,           0,    0,    66,
                                                  0, 1, [16] = 0xa1, 0xb2, 0xc3, 0xd4 };
    VtChronyCommand reset = VT_CHRONY_RESET_SOURCES;

    g_assert_cmpint(vt_chrony_decode_done(bytes, sizeof bytes, reset, SEQUENCE), ==,
                    VT_CHRONY_REPLY_OK);
    g_assert_cmpint(vt_chrony_decode_done(bytes, sizeof bytes, VT_CHRONY_BURST, SEQUENCE), ==,
                    VT_CHRONY_REPLY_FOREIGN);
    g_assert_cmpint(vt_chrony_decode_done(bytes, sizeof bytes, reset, SEQUENCE + 1), ==,
                    VT_CHRONY_REPLY_FOREIGN);
    g_assert_cmpint(vt_chrony_decode_done(bytes, sizeof bytes - 1, reset, SEQUENCE), ==,
                    VT_CHRONY_REPLY_MALFORMED);
    bytes[9] = 1; /* failed */
    g_assert_cmpint(vt_chrony_decode_done(bytes, sizeof bytes, reset, SEQUENCE), ==,
                    VT_CHRONY_REPLY_REFUSED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/chrony-command/request-is-as-long-as-its-reply",
                    test_request_is_as_long_as_its_reply);
    g_test_add_func("/proto/chrony-command/reply-is-read", test_reply_is_read);
    g_test_add_func("/proto/chrony-command/float-is-read", test_float_is_read);
    g_test_add_func("/proto/chrony-command/every-shorter-reply-is-malformed",
                    test_every_shorter_reply_is_malformed);
    g_test_add_func("/proto/chrony-command/commands-are-as-chronyd-reads-them",
                    test_commands_are_as_chronyd_reads_them);
    g_test_add_func("/proto/chrony-command/done-is-told-from-refused",
                    test_done_is_told_from_refused);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path =
            g_strconcat("/proto/chrony-command/refuses-", refusals[i].name, NULL);
        g_test_add_data_func(path, &refusals[i], test_refusal);
    }
    return g_test_run();
}
