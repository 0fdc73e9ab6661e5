/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/ntp-packet.h"

/* RFC 5905, section 7.3, written down by hand. */
static const uint8_t golden_bytes[VT_NTP_PACKET_BYTES] = {
    0x64, 0x02, 0x06, 0xe8, /* leap 1, version 4, server; poll, precision */
    0x00, 0x00, 0x01, 0x02, /* root delay */
    0x00, 0x00, 0x03, 0x04, /* root dispersion */
    'G',  'P',  'S',  0x00, /* reference id */
    0xeb, 0x1f, 0x1b, 0x00, 0x80, 0x00, 0x00, 0x00, /* reference */
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* origin */
    0xeb, 0x1f, 0x1b, 0x01, 0x00, 0x00, 0x00, 0x01, /* receive */
    0xeb, 0x1f, 0x1b, 0x01, 0x00, 0x00, 0x10, 0x00, /* transmit */
};

static const VtNtpPacket golden = {
    .leap = VT_NTP_LEAP_INSERT,
    .version = 4,
    .mode = VT_NTP_MODE_SERVER,
    .stratum = 2,
    .poll_log2_sec = 6,
    .precision_log2_sec = -24,
    .root_delay = 0x102,
    .root_dispersion = 0x304,
    .reference_id = 0x47505300,
    .reference = UINT64_C(0xeb1f1b0080000000),
    .origin = UINT64_C(0x0102030405060708),
    .receive = UINT64_C(0xeb1f1b0100000001),
    .transmit = UINT64_C(0xeb1f1b0100001000),
};

static const VtNtpPacket golden_request = {
    .version = 4,
    .mode = VT_NTP_MODE_CLIENT,
    .transmit = UINT64_C(0x0102030405060708),
};

static void
test_encodes_golden_bytes(void)
{
    uint8_t bytes[VT_NTP_PACKET_BYTES];

    vt_ntp_packet_encode(&golden, bytes);

    g_assert_cmpmem(bytes, sizeof bytes, golden_bytes, sizeof golden_bytes);
}

static void
test_decodes_golden_bytes(void)
{
    VtNtpPacket packet;

    g_assert_true(vt_ntp_packet_decode(golden_bytes, sizeof golden_bytes, &packet));

    g_assert_cmpuint(packet.leap, ==, golden.leap);
    g_assert_cmpuint(packet.version, ==, golden.version);
    g_assert_cmpuint(packet.mode, ==, golden.mode);
    g_assert_cmpuint(packet.stratum, ==, golden.stratum);
    g_assert_cmpint(packet.poll_log2_sec, ==, golden.poll_log2_sec);
    g_assert_cmpint(packet.precision_log2_sec, ==, golden.precision_log2_sec);
    g_assert_cmphex(packet.root_delay, ==, golden.root_delay);
    g_assert_cmphex(packet.root_dispersion, ==, golden.root_dispersion);
    g_assert_cmphex(packet.reference_id, ==, golden.reference_id);
    g_assert_cmphex(packet.reference, ==, golden.reference);
    g_assert_cmphex(packet.origin, ==, golden.origin);
    g_assert_cmphex(packet.receive, ==, golden.receive);
    g_assert_cmphex(packet.transmit, ==, golden.transmit);
}

static void
test_any_48_bytes_round_trip(void)
{
    for (int i = 0; i < 1000; i++) {
        uint8_t bytes[VT_NTP_PACKET_BYTES];
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (uint8_t)g_test_rand_int();
        VtNtpPacket packet;
        uint8_t again[VT_NTP_PACKET_BYTES];

        g_assert_true(vt_ntp_packet_decode(bytes, sizeof bytes, &packet));
        vt_ntp_packet_encode(&packet, again);

        g_assert_cmpmem(again, sizeof again, bytes, sizeof bytes);
    }
}

static void
test_short_input_writes_nothing(void)
{
    VtNtpPacket packet = golden_request;

    for (size_t n_bytes = 0; n_bytes < VT_NTP_PACKET_BYTES; n_bytes++)
        g_assert_false(vt_ntp_packet_decode(golden_bytes, n_bytes, &packet));

    g_assert_cmpmem(&packet, sizeof packet, &golden_request, sizeof golden_request);
}

static void
test_extension_fields_are_accepted(void)
{
    uint8_t bytes[VT_NTP_PACKET_BYTES + 20] = { 0 };
    memcpy(bytes, golden_bytes, sizeof golden_bytes);
    VtNtpPacket packet;

    g_assert_true(vt_ntp_packet_decode(bytes, sizeof bytes, &packet));

    g_assert_cmphex(packet.transmit, ==, golden.transmit);
}

static void
test_wide_fields_are_cut(void)
{
    VtNtpPacket wide = { .leap = 0xff, .version = 0x0c, .mode = 0x0b };
    uint8_t bytes[VT_NTP_PACKET_BYTES];

    vt_ntp_packet_encode(&wide, bytes);

    g_assert_cmphex(bytes[0], ==, 3 << 6 | 4 << 3 | 3);
}

#define SECONDS(n) ((VtNtpStamp)(n) << 32)

typedef struct {
    const char *name;
    VtNtpCheck check;
    VtNtpPacket changed; /* fields of the reply that are not 0 here replace the good ones */
} CheckRow;

static VtNtpPacket
make_reply(const VtNtpPacket *changed)
{
    return (VtNtpPacket){
        .leap = changed->leap,
        .version = changed->version != 0 ? changed->version : 4,
        .mode = changed->mode != 0 ? changed->mode : VT_NTP_MODE_SERVER,
        .stratum = 2,
        .precision_log2_sec =
            changed->precision_log2_sec != 0 ? changed->precision_log2_sec : -20,
        .root_delay = changed->root_delay,
        .root_dispersion = changed->root_dispersion,
        .origin = changed->origin != 0 ? changed->origin : golden_request.transmit,
        .receive = SECONDS(100),
        .transmit = changed->transmit != 0 ? changed->transmit : SECONDS(101),
    };
}

static void
test_check_names_the_fault(void)
{
    static const CheckRow rows[] = {
        { "as it should be", VT_NTP_CHECK_OK, { 0 } },
        { "version 2", VT_NTP_CHECK_VERSION, { .version = 2 } },
        { "version 3", VT_NTP_CHECK_OK, { .version = 3 } },
        { "version 5", VT_NTP_CHECK_VERSION, { .version = 5 } },
        { "a client", VT_NTP_CHECK_MODE, { .mode = VT_NTP_MODE_CLIENT } },
        { "a broadcast", VT_NTP_CHECK_MODE, { .mode = 5 } },
        { "another origin", VT_NTP_CHECK_ORIGIN, { .origin = 1 } },
        { "dispersion 16 s", VT_NTP_CHECK_DISTANCE, { .root_dispersion = 16 << 16 } },
        { "dispersion below", VT_NTP_CHECK_OK, { .root_dispersion = (16 << 16) - 1 } },
        { "delay 32 s", VT_NTP_CHECK_DISTANCE, { .root_delay = 32 << 16 } },
        { "delay below", VT_NTP_CHECK_OK, { .root_delay = (32 << 16) - 1 } },
        { "largest distance",
          VT_NTP_CHECK_DISTANCE,
          { .root_delay = UINT32_MAX, .root_dispersion = UINT32_MAX } },
        { "sent before received", VT_NTP_CHECK_ORDER, { .transmit = SECONDS(100) - 4097 } },
        { "before, by its precision", VT_NTP_CHECK_OK, { .transmit = SECONDS(100) - 4096 } },
        { "precise beyond its stamps",
          VT_NTP_CHECK_ORDER,
          { .precision_log2_sec = -33, .transmit = SECONDS(100) - 1 } },
        { "so coarse that a millisecond must do",
          VT_NTP_CHECK_ORDER,
          { .precision_log2_sec = 5, .transmit = SECONDS(100) - (1 << 22) - 1 } },
        { "no more than that",
          VT_NTP_CHECK_OK,
          { .precision_log2_sec = 5, .transmit = SECONDS(100) - (1 << 22) } },
        { "sent when received", VT_NTP_CHECK_OK, { .transmit = SECONDS(100) } },
        { "sent 4 s later", VT_NTP_CHECK_OK, { .transmit = SECONDS(104) } },
        { "sent later still", VT_NTP_CHECK_ORDER, { .transmit = SECONDS(104) + 5 } },
        { "unsynchronised, whatever its distance",
          VT_NTP_CHECK_OK,
          { .leap = VT_NTP_LEAP_UNSYNCHRONISED, .root_dispersion = 16 << 16 } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        VtNtpPacket reply = make_reply(&rows[i].changed);
        g_assert_cmpint(vt_ntp_packet_check_reply(&reply, &golden_request), ==, rows[i].check);
    }
}

static void
test_check_refuses_unknown_stamps(void)
{
    VtNtpPacket no_receive = make_reply(&(VtNtpPacket){ 0 });
    no_receive.receive = 0;
    VtNtpPacket no_transmit = make_reply(&(VtNtpPacket){ 0 });
    no_transmit.transmit = 0;

    g_assert_cmpint(vt_ntp_packet_check_reply(&no_receive, &golden_request), ==,
                    VT_NTP_CHECK_ZERO);
    g_assert_cmpint(vt_ntp_packet_check_reply(&no_transmit, &golden_request), ==,
                    VT_NTP_CHECK_ZERO);
}

static void
test_check_refuses_newer_than_asked(void)
{
    VtNtpPacket request = golden_request;
    request.version = 3;
    VtNtpPacket reply = make_reply(&(VtNtpPacket){ 0 });

    g_assert_cmpint(vt_ntp_packet_check_reply(&reply, &request), ==, VT_NTP_CHECK_VERSION);
}

static void
test_check_refuses_reply_to_nothing(void)
{
    VtNtpPacket request = golden_request;
    request.transmit = 0;
    VtNtpPacket reply = make_reply(&(VtNtpPacket){ 0 });
    reply.origin = 0;

    g_assert_cmpint(vt_ntp_packet_check_reply(&reply, &request), ==, VT_NTP_CHECK_ORIGIN);
}

static void
test_check_holds_across_the_era(void)
{
    VtNtpPacket reply = make_reply(&(VtNtpPacket){ .transmit = 1 });
    reply.receive = UINT64_C(0xffffffffff000000);

    g_assert_cmpint(vt_ntp_packet_check_reply(&reply, &golden_request), ==, VT_NTP_CHECK_OK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/ntp-packet/encodes-golden-bytes", test_encodes_golden_bytes);
    g_test_add_func("/proto/ntp-packet/decodes-golden-bytes", test_decodes_golden_bytes);
    g_test_add_func("/proto/ntp-packet/any-48-bytes-round-trip", test_any_48_bytes_round_trip);
    g_test_add_func("/proto/ntp-packet/short-input-writes-nothing",
                    test_short_input_writes_nothing);
    g_test_add_func("/proto/ntp-packet/extension-fields-are-accepted",
                    test_extension_fields_are_accepted);
    g_test_add_func("/proto/ntp-packet/wide-fields-are-cut", test_wide_fields_are_cut);
    g_test_add_func("/proto/ntp-packet/check-names-the-fault", test_check_names_the_fault);
    g_test_add_func("/proto/ntp-packet/check-refuses-unknown-stamps",
                    test_check_refuses_unknown_stamps);
    g_test_add_func("/proto/ntp-packet/check-refuses-newer-than-asked",
                    test_check_refuses_newer_than_asked);
    g_test_add_func("/proto/ntp-packet/check-refuses-reply-to-nothing",
                    test_check_refuses_reply_to_nothing);
    g_test_add_func("/proto/ntp-packet/check-holds-across-the-era",
                    test_check_holds_across_the_era);
    return g_test_run();
}
