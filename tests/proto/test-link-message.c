/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/link-message.h"

static const VtLinkHello full_hello = {
    .nonce = UINT64_MAX,
    .peer_nonce = 1,
    .epoch = UINT32_MAX,
    .version_least = 1,
    .version_greatest = UINT8_MAX,
    .mode = VT_LINK_MODE_OFF,
    .n_addresses = VT_LINK_MAX_ADDRESSES,
    .addresses = {
        { 4, 123, { 192, 0, 2, 1 } },
        { 6, UINT16_MAX, { 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } },
        { 4, 0, { 0 } },
        { 6, 0, { 0 } },
        { 4, 1, { 255, 255, 255, 255 } },
        { 4, 1, { 1 } },
        { 4, 1, { 2 } },
        { 4, 1, { 3 } },
    },
};

static const VtLinkTime full_time = {
    .session = UINT64_MAX,
    .nonce = UINT64_C(0x8000000000000001),
    .epoch = UINT32_MAX,
    .packet = {
        .leap = 3,
        .version = 7,
        .mode = 7,
        .stratum = UINT8_MAX,
        .poll_log2_sec = INT8_MIN,
        .precision_log2_sec = INT8_MAX,
        .root_delay = UINT32_MAX,
        .root_dispersion = 1,
        .reference_id = 2,
        .reference = UINT64_MAX,
        .origin = 3,
        .receive = UINT64_C(0x8000000000000000),
        .transmit = 1,
    },
};

static const VtLinkNotice full_notice = {
    .session = UINT64_MAX,
    .event = { UINT64_MAX, UINT64_C(0x8000000000000000) },
    .epoch = UINT32_MAX,
    .cause = VT_LINK_N_CAUSES - 1,
    .flags = VT_LINK_NOTICE_HOST_SYNCHRONISED | VT_LINK_NOTICE_STAND_STILL_KNOWN |
             VT_LINK_NOTICE_EARLY,
    .seen_at = { INT64_MIN },
    .stand_still_ns = VT_NS_MAX,
    .host_error_ns = VT_NS_MAX,
};

static const VtLinkAck full_ack = {
    .session = UINT64_MAX,
    .event = { 1, UINT64_MAX },
    .action = VT_LINK_N_ACTIONS - 1,
    .offset_ns = VT_NS_MIN,
    .residual_ns = VT_NS_MAX,
    .error_ns = VT_NS_MAX,
    .first_hint_at = { INT64_MAX },
    .corrected_at = { INT64_MIN },
    .reference = "sixteen chars ~!",
};

static const VtLinkReport full_report = {
    .session = UINT64_MAX,
    .state = UINT8_MAX,
    .flags = VT_LINK_REPORT_SYNCHRONISED | VT_LINK_REPORT_CANNOT_CORRECT,
    .stratum = 16,
    .offset_ns = VT_NS_MIN,
    .error_ns = VT_NS_MAX,
    .rate_ppb = INT64_MIN,
    .root_distance_ns = VT_NS_MAX,
    .reference = "ptp-kvm",
};

/* All of one type, so that what holds for every message is said once. */
typedef struct {
    const char *name;
    VtLinkType type;
    uint16_t payload_bytes;
} Kind;

static const Kind kinds[] = {
    { "hello", VT_LINK_HELLO, 24 + 8 * 19 },
    { "time request", VT_LINK_TIME_REQUEST, 68 },
    { "time reply", VT_LINK_TIME_REPLY, 68 },
    { "notice", VT_LINK_NOTICE, 54 },
    { "ack", VT_LINK_ACK, 81 },
    { "report", VT_LINK_REPORT, 59 },
};

typedef union {
    VtLinkHello hello;
    VtLinkTime time;
    VtLinkNotice notice;
    VtLinkAck ack;
    VtLinkReport report;
    uint8_t bytes[sizeof(VtLinkHello)];
} Message;

static VtLinkFrame
encode_full(VtLinkType type)
{
    VtLinkFrame frame = { 0 };
    switch (type) {
    case VT_LINK_HELLO:
        vt_link_hello_encode(&full_hello, &frame);
        break;
    case VT_LINK_TIME_REQUEST:
    case VT_LINK_TIME_REPLY:
        vt_link_time_encode(&full_time, type, &frame);
        break;
    case VT_LINK_NOTICE:
        vt_link_notice_encode(&full_notice, &frame);
        break;
    case VT_LINK_ACK:
        vt_link_ack_encode(&full_ack, &frame);
        break;
    case VT_LINK_REPORT:
        vt_link_report_encode(&full_report, &frame);
        break;
    case VT_LINK_INVALID:
        g_assert_not_reached();
    }
    return frame;
}

static bool
decode(const VtLinkFrame *frame, VtLinkType type, Message *ret_message)
{
    switch (type) {
    case VT_LINK_HELLO:
        return vt_link_hello_decode(frame, &ret_message->hello);
    case VT_LINK_TIME_REQUEST:
    case VT_LINK_TIME_REPLY:
        return vt_link_time_decode(frame, type, &ret_message->time);
    case VT_LINK_NOTICE:
        return vt_link_notice_decode(frame, &ret_message->notice);
    case VT_LINK_ACK:
        return vt_link_ack_decode(frame, &ret_message->ack);
    case VT_LINK_REPORT:
        return vt_link_report_decode(frame, &ret_message->report);
    case VT_LINK_INVALID:
        break;
    }
    g_assert_not_reached();
}

static void
test_layout_is_the_documented_size(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_test_message("%s", kinds[i].name);
        VtLinkFrame frame = encode_full(kinds[i].type);
        g_assert_cmpuint(frame.type, ==, kinds[i].type);
        g_assert_cmpuint(frame.payload_bytes, ==, kinds[i].payload_bytes);
    }
}

static void
test_hello_round_trips(void)
{
    VtLinkFrame frame = encode_full(VT_LINK_HELLO);
    VtLinkHello hello;

    g_assert_true(vt_link_hello_decode(&frame, &hello));

    g_assert_cmphex(hello.nonce, ==, full_hello.nonce);
    g_assert_cmphex(hello.peer_nonce, ==, full_hello.peer_nonce);
    g_assert_cmpuint(hello.epoch, ==, full_hello.epoch);
    g_assert_cmpuint(hello.version_least, ==, full_hello.version_least);
    g_assert_cmpuint(hello.version_greatest, ==, full_hello.version_greatest);
    g_assert_cmpuint(hello.mode, ==, full_hello.mode);
    g_assert_cmpuint(hello.n_addresses, ==, full_hello.n_addresses);
    for (size_t i = 0; i < VT_LINK_MAX_ADDRESSES; i++) {
        const VtLinkAddress *expected = &full_hello.addresses[i];
        g_assert_cmpuint(hello.addresses[i].family, ==, expected->family);
        g_assert_cmpuint(hello.addresses[i].port, ==, expected->port);
        g_assert_cmpmem(hello.addresses[i].address, 16, expected->address, 16);
    }
}

static void
test_hello_of_a_guest_has_neither_mode_nor_address(void)
{
    VtLinkHello guest = { .nonce = 1, .version_least = 1, .version_greatest = 1 };
    VtLinkFrame frame = { 0 };
    vt_link_hello_encode(&guest, &frame);
    VtLinkHello hello;

    g_assert_cmpuint(frame.payload_bytes, ==, 24);
    g_assert_true(vt_link_hello_decode(&frame, &hello));
    g_assert_cmpuint(hello.mode, ==, VT_LINK_MODE_INVALID);
    g_assert_cmpuint(hello.n_addresses, ==, 0);
}

static void
test_time_round_trips(void)
{
    static const VtLinkType types[] = { VT_LINK_TIME_REQUEST, VT_LINK_TIME_REPLY };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        VtLinkFrame frame = encode_full(types[i]);
        VtLinkTime time;
        g_assert_true(vt_link_time_decode(&frame, types[i], &time));
        g_assert_cmphex(time.session, ==, full_time.session);
        g_assert_cmphex(time.nonce, ==, full_time.nonce);
        g_assert_cmpuint(time.epoch, ==, full_time.epoch);
        uint8_t expected[VT_NTP_PACKET_BYTES];
        vt_ntp_packet_encode(&full_time.packet, expected);
        uint8_t packet[VT_NTP_PACKET_BYTES];
        vt_ntp_packet_encode(&time.packet, packet);
        g_assert_cmpmem(packet, sizeof packet, expected, sizeof expected);
    }
}

static void
test_notice_round_trips(void)
{
    VtLinkFrame frame = encode_full(VT_LINK_NOTICE);
    VtLinkNotice notice;

    g_assert_true(vt_link_notice_decode(&frame, &notice));

    g_assert_cmphex(notice.session, ==, full_notice.session);
    g_assert_true(vt_link_event_id_equal(&notice.event, &full_notice.event));
    g_assert_cmpuint(notice.epoch, ==, full_notice.epoch);
    g_assert_cmpuint(notice.cause, ==, full_notice.cause);
    g_assert_cmphex(notice.flags, ==, full_notice.flags);
    g_assert_cmpint(notice.seen_at.ns, ==, full_notice.seen_at.ns);
    g_assert_cmpint(notice.stand_still_ns, ==, full_notice.stand_still_ns);
    g_assert_cmpint(notice.host_error_ns, ==, full_notice.host_error_ns);
}

static void
test_ack_round_trips(void)
{
    VtLinkFrame frame = encode_full(VT_LINK_ACK);
    VtLinkAck ack;

    g_assert_true(vt_link_ack_decode(&frame, &ack));

    g_assert_cmphex(ack.session, ==, full_ack.session);
    g_assert_true(vt_link_event_id_equal(&ack.event, &full_ack.event));
    g_assert_cmpuint(ack.action, ==, full_ack.action);
    g_assert_cmpint(ack.offset_ns, ==, full_ack.offset_ns);
    g_assert_cmpint(ack.residual_ns, ==, full_ack.residual_ns);
    g_assert_cmpint(ack.error_ns, ==, full_ack.error_ns);
    g_assert_cmpint(ack.first_hint_at.ns, ==, full_ack.first_hint_at.ns);
    g_assert_cmpint(ack.corrected_at.ns, ==, full_ack.corrected_at.ns);
    g_assert_cmpstr(ack.reference, ==, full_ack.reference);
}

static void
test_report_round_trips(void)
{
    VtLinkFrame frame = encode_full(VT_LINK_REPORT);
    VtLinkReport report;

    g_assert_true(vt_link_report_decode(&frame, &report));

    g_assert_cmphex(report.session, ==, full_report.session);
    g_assert_cmpuint(report.state, ==, full_report.state);
    g_assert_cmphex(report.flags, ==, full_report.flags);
    g_assert_cmpuint(report.stratum, ==, full_report.stratum);
    g_assert_cmpint(report.offset_ns, ==, full_report.offset_ns);
    g_assert_cmpint(report.error_ns, ==, full_report.error_ns);
    g_assert_cmpint(report.rate_ppb, ==, full_report.rate_ppb);
    g_assert_cmpint(report.root_distance_ns, ==, full_report.root_distance_ns);
    g_assert_cmpstr(report.reference, ==, full_report.reference);
}

static void
test_every_shorter_payload_is_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_test_message("%s", kinds[i].name);
        VtLinkFrame frame = encode_full(kinds[i].type);
        Message message;
        memset(&message, 0x5a, sizeof message);
        Message untouched = message;

        while (frame.payload_bytes-- > 0)
            g_assert_false(decode(&frame, kinds[i].type, &message));

        g_assert_cmpmem(&message, sizeof message, &untouched, sizeof untouched);
    }
}

static void
test_longer_payload_is_accepted(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_test_message("%s", kinds[i].name);
        VtLinkFrame frame = encode_full(kinds[i].type);
        Message message;

        memset(frame.payload + frame.payload_bytes, 0xff, 20);
        frame.payload_bytes = (uint16_t)(frame.payload_bytes + 20);
        g_assert_true(decode(&frame, kinds[i].type, &message));
        frame.payload_bytes = VT_LINK_MAX_PAYLOAD_BYTES;
        g_assert_true(decode(&frame, kinds[i].type, &message));
        frame.payload_bytes = VT_LINK_MAX_PAYLOAD_BYTES + 1;
        g_assert_false(decode(&frame, kinds[i].type, &message));
    }
}

static void
test_another_type_is_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (int type = 0; type <= UINT8_MAX; type++) {
            VtLinkFrame frame = encode_full(kinds[i].type);
            Message message;
            frame.type = (uint8_t)type;
            g_assert_cmpint(decode(&frame, kinds[i].type, &message), ==,
                            type == (int)kinds[i].type);
        }
    }
}

static void
test_out_of_range_is_refused(void)
{
    static const struct {
        const char *name;
        VtLinkType type;
        size_t offset; /* in the payload, as docs/protocol.md has it */
        uint8_t value;
    } rows[] = {
        { "version range upside down", VT_LINK_HELLO, 21, 0 },
        { "mode above the last", VT_LINK_HELLO, 22, VT_LINK_N_MODES },
        { "mode far above", VT_LINK_HELLO, 22, 255 },
        { "nine addresses", VT_LINK_HELLO, 23, 9 },
        { "family 0", VT_LINK_HELLO, 24, 0 },
        { "family 5", VT_LINK_HELLO, 24 + 19, 5 },
        { "family of the last address", VT_LINK_HELLO, 24 + 7 * 19, 10 },
        { "cause above the last", VT_LINK_NOTICE, 28, VT_LINK_N_CAUSES },
        { "negative stand-still", VT_LINK_NOTICE, 45, 0x80 },
        { "negative host error", VT_LINK_NOTICE, 53, 0x80 },
        { "action above the last", VT_LINK_ACK, 24, VT_LINK_N_ACTIONS },
        { "negative error of an ack", VT_LINK_ACK, 48, 0x80 },
        { "NUL inside the reference", VT_LINK_ACK, 66, 0 },
        { "escape in the reference", VT_LINK_ACK, 66, 0x1b },
        { "delete in the reference", VT_LINK_ACK, 80, 0x7f },
        { "byte above ASCII", VT_LINK_ACK, 65, 0xe4 },
        { "text behind the NUL", VT_LINK_REPORT, 51, 'x' },
        { "stratum 17", VT_LINK_REPORT, 10, 17 },
        { "negative error of a report", VT_LINK_REPORT, 26, 0x80 },
        { "negative root distance", VT_LINK_REPORT, 42, 0x80 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        VtLinkFrame frame = encode_full(rows[i].type);
        Message message;
        g_assert_true(decode(&frame, rows[i].type, &message));
        frame.payload[rows[i].offset] = rows[i].value;
        g_assert_false(decode(&frame, rows[i].type, &message));
    }
}

static void
test_message_without_session_is_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_test_message("%s", kinds[i].name);
        VtLinkFrame frame = encode_full(kinds[i].type);
        Message message;
        memset(frame.payload, 0, 8);
        g_assert_false(decode(&frame, kinds[i].type, &message));
    }
}

static void
test_unknown_flags_are_cleared(void)
{
    VtLinkFrame frame = encode_full(VT_LINK_NOTICE);
    VtLinkNotice notice;
    frame.payload[29] = 0xf8;
    g_assert_true(vt_link_notice_decode(&frame, &notice));
    g_assert_cmphex(notice.flags, ==, 0);

    frame = encode_full(VT_LINK_REPORT);
    VtLinkReport report;
    frame.payload[9] = 0xfd;
    g_assert_true(vt_link_report_decode(&frame, &report));
    g_assert_cmphex(report.flags, ==, VT_LINK_REPORT_SYNCHRONISED);
}

static void
test_unprintable_reference_is_sent_as_question_marks(void)
{
    VtLinkAck ack = { .session = 1, .reference = "a\x1b[2J\xc3\xa4\n" };
    VtLinkFrame frame = { 0 };

    vt_link_ack_encode(&ack, &frame);

    g_assert_true(vt_link_ack_decode(&frame, &ack));
    g_assert_cmpstr(ack.reference, ==, "a?[2J???");
}

static void
test_event_ids_differ_by_either_half(void)
{
    VtLinkEventId id = { 1, 2 };

    g_assert_true(vt_link_event_id_equal(&id, &(VtLinkEventId){ 1, 2 }));
    g_assert_false(vt_link_event_id_equal(&id, &(VtLinkEventId){ 1, 3 }));
    g_assert_false(vt_link_event_id_equal(&id, &(VtLinkEventId){ 2, 2 }));
}

static void
test_random_payload_is_never_read_too_far(void)
{
    for (int i = 0; i < 20000; i++) {
        const Kind *kind = &kinds[g_test_rand_int_range(0, G_N_ELEMENTS(kinds))];
        VtLinkFrame frame = encode_full(kind->type);
        for (int j = g_test_rand_int_range(0, 5); j > 0; j--)
            frame.payload[g_test_rand_int_range(0, kind->payload_bytes)] =
                (uint8_t)g_test_rand_int();
        frame.payload_bytes = (uint16_t)g_test_rand_int_range(0, 497);
        Message message;

        /* Nothing to compare: the sanitizers say whether a byte too many was looked at. */
        bool is_long_enough = frame.payload_bytes >= kind->payload_bytes;
        bool is_hello = kind->type == VT_LINK_HELLO;
        g_assert_true(!decode(&frame, kind->type, &message) || is_long_enough || is_hello);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        GTestFunc run;
    } tests[] = {
        { "layout-is-the-documented-size", test_layout_is_the_documented_size },
        { "hello-round-trips", test_hello_round_trips },
        { "hello-of-a-guest-has-neither-mode-nor-address",
          test_hello_of_a_guest_has_neither_mode_nor_address },
        { "time-round-trips", test_time_round_trips },
        { "notice-round-trips", test_notice_round_trips },
        { "ack-round-trips", test_ack_round_trips },
        { "report-round-trips", test_report_round_trips },
        { "every-shorter-payload-is-refused", test_every_shorter_payload_is_refused },
        { "longer-payload-is-accepted", test_longer_payload_is_accepted },
        { "another-type-is-refused", test_another_type_is_refused },
        { "out-of-range-is-refused", test_out_of_range_is_refused },
        { "message-without-session-is-refused", test_message_without_session_is_refused },
        { "unknown-flags-are-cleared", test_unknown_flags_are_cleared },
        { "unprintable-reference-is-sent-as-question-marks",
          test_unprintable_reference_is_sent_as_question_marks },
        { "event-ids-differ-by-either-half", test_event_ids_differ_by_either_half },
        { "random-payload-is-never-read-too-far", test_random_payload_is_never_read_too_far },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/proto/link-message/", tests[i].path, NULL);
        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
