/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/responder.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

static VtHostClock
good_clock(void)
{
    return (VtHostClock){
        .is_synchronised = true,
        .leap = VT_NTP_LEAP_INSERT,
        .stratum = 3,
        .precision_log2_sec = -24,
        .reference_id = 0x0a000001,
        .root_delay_ns = VT_NS_PER_MS,
        .root_dispersion_ns = 2 * VT_NS_PER_MS,
        .reference_at = now,
    };
}

static VtNtpStamp
stamp_after_us(int64_t span_us)
{
    return vt_ntp_stamp_from_wall(vt_wall_add(now, span_us * VT_NS_PER_US));
}

static void
test_reply_echoes_the_transmit_stamp(void)
{
    VtHostClock host = good_clock();
    VtNtpPacket request = { .version = 4,
                            .mode = VT_NTP_MODE_CLIENT,
                            .transmit = 0x1234567890 };
    VtNtpPacket reply;

    g_assert_true(vt_responder_reply(&request, &host, now, &reply));

    g_assert_cmpuint(reply.origin, ==, request.transmit);
    g_assert_cmpuint(reply.receive, ==, vt_ntp_stamp_from_wall(now));
    g_assert_cmpint(reply.mode, ==, VT_NTP_MODE_SERVER);
    g_assert_cmpint(reply.leap, ==, VT_NTP_LEAP_INSERT);
    g_assert_cmpint(reply.stratum, ==, 3);
    g_assert_cmpuint(reply.root_delay, ==, vt_ntp_short_from_ns(VT_NS_PER_MS));
    g_assert_cmpuint(reply.root_dispersion, ==, vt_ntp_short_from_ns(2 * VT_NS_PER_MS));
}

static void
test_reference_time_is_never_after_the_request(void)
{
    VtHostClock host = good_clock();
    VtWall before = vt_wall_add(now, -VT_NS_PER_MS);
    VtNtpPacket request = { .version = 4, .mode = VT_NTP_MODE_CLIENT, .transmit = 1 };
    VtNtpPacket reply;

    g_assert_true(vt_responder_reply(&request, &host, before, &reply));

    g_assert_cmpuint(reply.reference, ==, vt_ntp_stamp_from_wall(before));
}

static void
test_only_clients_are_answered(void)
{
    VtHostClock host = good_clock();

    for (uint8_t mode = 0; mode < 8; mode++) {
        for (uint8_t version = 0; version < 8; version++) {
            VtNtpPacket request = { .version = version, .mode = mode, .transmit = 1 };
            VtNtpPacket reply;
            bool is_wanted = mode == VT_NTP_MODE_CLIENT && version >= 1 && version <= 4;
            g_assert_cmpint(vt_responder_reply(&request, &host, now, &reply), ==, is_wanted);
        }
    }
}

static void
test_sees_the_offset_between_two_exchanges(void)
{
    /* The guest is 5 ms behind; 40 us to the guest, 60 us to the host. */
    VtNtpPacket request = {
        .origin = stamp_after_us(0),
        .receive = stamp_after_us(40 - 5000),
        .transmit = stamp_after_us(100 - 5000),
    };

    VtSeenOffset seen = vt_responder_see(&request, vt_wall_add(now, 160 * VT_NS_PER_US));

    g_assert_true(seen.is_known);
    g_assert_cmpint(seen.offset_ns, >=, 5010 * VT_NS_PER_US - 2);
    g_assert_cmpint(seen.offset_ns, <=, 5010 * VT_NS_PER_US + 2);
    g_assert_cmpint(seen.error_ns, >=, 50 * VT_NS_PER_US - 2);
    g_assert_cmpint(seen.error_ns, <=, 50 * VT_NS_PER_US + 2);
}

static void
test_sees_nothing_in_a_first_request(void)
{
    VtNtpPacket request = { .transmit = stamp_after_us(0) };

    g_assert_false(vt_responder_see(&request, now).is_known);
}

static void
test_forged_stamps_see_nothing(void)
{
    /* A guest that claims to have received before it was sent: negative round trip. */
    VtNtpPacket request = {
        .origin = stamp_after_us(1000),
        .receive = stamp_after_us(0),
        .transmit = stamp_after_us(5000),
    };

    g_assert_false(vt_responder_see(&request, now).is_known);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/responder/reply-echoes-the-transmit-stamp",
                    test_reply_echoes_the_transmit_stamp);
    g_test_add_func("/hostd/responder/reference-time-is-never-after-the-request",
                    test_reference_time_is_never_after_the_request);
    g_test_add_func("/hostd/responder/only-clients-are-answered",
                    test_only_clients_are_answered);
    g_test_add_func("/hostd/responder/sees-the-offset-between-two-exchanges",
                    test_sees_the_offset_between_two_exchanges);
    g_test_add_func("/hostd/responder/sees-nothing-in-a-first-request",
                    test_sees_nothing_in_a_first_request);
    g_test_add_func("/hostd/responder/forged-stamps-see-nothing",
                    test_forged_stamps_see_nothing);
    return g_test_run();
}
