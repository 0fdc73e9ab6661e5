/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is answered and with what, without a socket. */
#include <string.h>

#include "hostd/ntp-answer.h"

#define SEED     UINT64_C(42)
#define KEY_ID   7
#define KEYS     "7 AES128 HEX:00112233445566778899aabbccddeeff\n"
#define N_RANDOM 100000 /* VT_NTP_RANDOM_PACKETS overrides it */

typedef struct {
    VtNtpAnswer *answer;
    VtNtpKeys *keys;
    VtNtpPolicy *policy;
    VtNtpSight sight;
    VtWall now;
    VtNtpDatagram datagram;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->answer = vt_ntp_answer_new(SEED);
    fixture->keys = vt_ntp_keys_parse(KEYS, "keys", NULL);
    fixture->policy = vt_ntp_policy_new();
    fixture->policy->keys = fixture->keys;
    g_assert_true(vt_ntp_access_add(fixture->policy->access, "192.0.2.0/24", true, NULL));
    fixture->now = (VtWall){ .ns = INT64_C(1700000000) * VT_NS_PER_SEC };
    fixture->sight = (VtNtpSight){
        .host = { .is_synchronised = true, .stratum = 3, .reference_id = 0x0a000001 },
        .boot_at = { .ns = VT_NS_PER_SEC },
    };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_answer_free(fixture->answer);
    vt_ntp_policy_free(fixture->policy);
    vt_ntp_keys_free(fixture->keys);
}

/* From 192.0.2.1, of @n_bytes. */
static void
compose(Fixture *fixture, const VtNtpPacket *request, size_t n_bytes)
{
    VtNtpDatagram *datagram = &fixture->datagram;
    memset(datagram, 0, sizeof *datagram);
    vt_ntp_packet_encode(request, datagram->bytes);
    datagram->n_bytes = n_bytes;
    datagram->peer.v4.sin_family = AF_INET;
    datagram->peer.v4.sin_port = GUINT16_TO_BE(123);
    datagram->peer.v4.sin_addr.s_addr = GUINT32_TO_BE(0xc0000201);
    datagram->has_stamp = true;
    datagram->received_at = vt_wall_add(fixture->now, -VT_NS_PER_US);
}

static VtNtpReply
prepare(Fixture *fixture)
{
    VtNtpCircumstances circumstances = {
        .policy = fixture->policy,
        .sight = &fixture->sight,
        .now = fixture->now,
    };
    return vt_ntp_answer_prepare(fixture->answer, &circumstances, &fixture->datagram);
}

static size_t
finish(Fixture *fixture, const VtNtpReply *reply, uint8_t ret_bytes[VT_NTP_REPLY_MOST_BYTES])
{
    size_t n_bytes = vt_ntp_answer_encode(reply, ret_bytes);
    vt_ntp_answer_stamp(reply, fixture->policy, fixture->now, ret_bytes);
    return n_bytes;
}

static VtNtpPacket
request_of(uint64_t transmit)
{
    return (VtNtpPacket){
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .transmit = transmit,
    };
}

static void
sign(Fixture *fixture, uint32_t key_id)
{
    VtNtpDatagram *datagram = &fixture->datagram;
    uint32_t id = GUINT32_TO_BE(key_id);
    memcpy(datagram->bytes + VT_NTP_PACKET_BYTES, &id, sizeof id);
    (void)vt_ntp_keys_sign(fixture->keys, KEY_ID, datagram->bytes, VT_NTP_PACKET_BYTES,
                           datagram->bytes + VT_NTP_PACKET_BYTES + sizeof id);
}

static void
test_good_code_is_answered_with_one(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(5);
    uint8_t bytes[VT_NTP_REPLY_MOST_BYTES];
    uint8_t wanted[VT_NTP_CMAC_BYTES];
    compose(fixture, &request, VT_NTP_REPLY_MOST_BYTES);
    sign(fixture, KEY_ID);

    VtNtpReply reply = prepare(fixture);

    g_assert_cmpint(reply.verdict, ==, VT_NTP_COUNT_ANSWERED);
    g_assert_false(reply.is_nak);
    g_assert_cmpuint(finish(fixture, &reply, bytes), ==, VT_NTP_REPLY_MOST_BYTES);
    g_assert_true(vt_ntp_keys_sign(fixture->keys, KEY_ID, bytes, VT_NTP_PACKET_BYTES, wanted));
    g_assert_cmpmem(bytes + VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES, VT_NTP_CMAC_BYTES,
                    wanted, VT_NTP_CMAC_BYTES);
}

static void
check_nak(Fixture *fixture)
{
    static const uint8_t nak[VT_NTP_KEY_ID_BYTES];
    uint8_t bytes[VT_NTP_REPLY_MOST_BYTES];

    VtNtpReply reply = prepare(fixture);

    g_assert_true(reply.is_nak);
    g_assert_cmpuint(finish(fixture, &reply, bytes), ==, VT_NTP_PACKET_BYTES + sizeof nak);
    g_assert_cmpmem(bytes + VT_NTP_PACKET_BYTES, sizeof nak, nak, sizeof nak);
}

static void
test_bad_code_is_answered_with_a_nak(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(5);
    compose(fixture, &request, VT_NTP_REPLY_MOST_BYTES);
    sign(fixture, KEY_ID);
    fixture->datagram.bytes[40] ^= 1;
    check_nak(fixture);

    compose(fixture, &request, VT_NTP_REPLY_MOST_BYTES);
    sign(fixture, KEY_ID + 1);
    check_nak(fixture);

    fixture->policy->keys = NULL;
    compose(fixture, &request, VT_NTP_REPLY_MOST_BYTES);
    sign(fixture, KEY_ID);
    check_nak(fixture);
}

typedef struct {
    const char *name;
    VtNtpCount wanted;
    void (*spoil)(VtNtpDatagram *datagram);
} Drop;

static void
send_to_many(VtNtpDatagram *datagram)
{
    datagram->is_to_many = true;
}

static void
send_from_port_0(VtNtpDatagram *datagram)
{
    datagram->peer.v4.sin_port = 0;
}

static void
shorten(VtNtpDatagram *datagram)
{
    datagram->n_bytes = VT_NTP_PACKET_BYTES - 1;
}

static void
delay(VtNtpDatagram *datagram)
{
    datagram->received_at = vt_wall_add(datagram->received_at, -2 * VT_NS_PER_SEC);
}

static void
send_from_the_future(VtNtpDatagram *datagram)
{
    datagram->received_at = vt_wall_add(datagram->received_at, VT_NS_PER_MS);
}

static void
send_from_elsewhere(VtNtpDatagram *datagram)
{
    datagram->peer.v4.sin_addr.s_addr = GUINT32_TO_BE(0xc0000301);
}

static void
make_server(VtNtpDatagram *datagram)
{
    datagram->bytes[0] = VT_NTP_VERSION << 3 | VT_NTP_MODE_SERVER;
}

static void
make_version_5(VtNtpDatagram *datagram)
{
    datagram->bytes[0] = 5 << 3 | VT_NTP_MODE_CLIENT;
}

static void
append_crypto_nak(VtNtpDatagram *datagram)
{
    datagram->n_bytes = VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES;
}

static void
cut(VtNtpDatagram *datagram)
{
    datagram->is_cut = true;
}

static const Drop drops[] = {
    { "broadcast", VT_NTP_COUNT_TO_MANY, send_to_many },
    { "port-0", VT_NTP_COUNT_FROM_NOBODY, send_from_port_0 },
    { "47-bytes", VT_NTP_COUNT_SHORT, shorten },
    { "what-waited-for-too-long", VT_NTP_COUNT_STALE, delay },
    { "what-comes-from-the-future", VT_NTP_COUNT_STALE, send_from_the_future },
    { "strangers", VT_NTP_COUNT_DENIED, send_from_elsewhere },
    { "servers", VT_NTP_COUNT_NOT_CLIENT, make_server },
    { "version-5", VT_NTP_COUNT_NOT_CLIENT, make_version_5 },
    { "crypto-naks", VT_NTP_COUNT_MALFORMED, append_crypto_nak },
    { "what-was-cut", VT_NTP_COUNT_MALFORMED, cut },
};

static void
test_drop(Fixture *fixture, gconstpointer data)
{
    const Drop *drop = data;
    VtNtpPacket request = request_of(5);
    compose(fixture, &request, VT_NTP_PACKET_BYTES);
    g_assert_cmpint(prepare(fixture).verdict, ==, VT_NTP_COUNT_ANSWERED);

    drop->spoil(&fixture->datagram);

    g_assert_cmpint(prepare(fixture).verdict, ==, drop->wanted);
}

static void
test_interleaved_reply_has_the_true_transmit_time_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(11);
    request.origin = 1;
    request.receive = 10;
    compose(fixture, &request, VT_NTP_PACKET_BYTES);
    VtNtpReply first = prepare(fixture);
    g_assert_true(first.wants_sent_stamp);
    g_assert_false(first.is_interleaved);
    VtWall sent_at = vt_wall_add(fixture->now, 12345);
    vt_ntp_answer_sent(fixture->answer, &(VtNtpSent){ .sent_at = sent_at,
                                                      .plain_receive = first.packet.receive });

    request = request_of(13);
    request.origin = first.packet.receive;
    request.receive = 12;
    compose(fixture, &request, VT_NTP_PACKET_BYTES);
    VtNtpReply second = prepare(fixture);
    VtNtpReply third = prepare(fixture);

    g_assert_true(second.is_interleaved);
    g_assert_cmpuint(second.packet.origin, ==, 12);
    g_assert_cmpint(vt_ntp_stamp_diff(second.packet.transmit, vt_ntp_stamp_from_wall(sent_at)),
                    ==, 0);
    g_assert_cmpuint(second.packet.receive, !=, first.packet.receive);
    g_assert_false(third.is_interleaved);
    g_assert_cmpuint(third.packet.origin, ==, 13);
}

static void
test_set_clock_ends_interleaving(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(11);
    request.origin = 1;
    compose(fixture, &request, VT_NTP_PACKET_BYTES);
    VtNtpReply first = prepare(fixture);
    vt_ntp_answer_sent(
        fixture->answer,
        &(VtNtpSent){ .sent_at = fixture->now, .authenticated_receive = first.packet.receive });
    request.origin = first.packet.receive;
    compose(fixture, &request, VT_NTP_PACKET_BYTES);

    vt_ntp_answer_forget_stamps(fixture->answer);

    g_assert_false(prepare(fixture).is_interleaved);
}

static void
test_request_with_equal_stamps_is_basic(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(11);
    request.origin = 1;
    request.receive = 11;
    compose(fixture, &request, VT_NTP_PACKET_BYTES);

    g_assert_false(prepare(fixture).wants_sent_stamp);
}

static void
test_receive_stamps_never_meet(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtNtpPacket request = request_of(11);
    compose(fixture, &request, VT_NTP_PACKET_BYTES);

    VtNtpReply first = prepare(fixture);
    VtNtpReply second = prepare(fixture);

    g_assert_cmpuint(first.packet.receive, !=, second.packet.receive);
    g_assert_cmpuint(first.packet.receive & 1, ==, 1);
    g_assert_cmpuint(second.packet.receive & 1, ==, 1);
}

static void
fill(uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (uint8_t)g_test_rand_int();
}

/* Half of them begin as a client's request does, so that the tail is reached. */
static void
test_random_packets_get_no_more_than_they_bring(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    const char *wanted = g_getenv("VT_NTP_RANDOM_PACKETS");
    guint64 n_packets = wanted != NULL ? g_ascii_strtoull(wanted, NULL, 10) : N_RANDOM;
    VtNtpPacket request = request_of(1);
    unsigned n_answered = 0;

    for (guint64 i = 0; i < n_packets; i++) {
        uint8_t bytes[VT_NTP_REPLY_MOST_BYTES];
        compose(fixture, &request, (size_t)g_test_rand_int_range(0, 1501));
        fill(fixture->datagram.bytes, MIN(fixture->datagram.n_bytes, 120));
        if (i % 2 == 0)
            fixture->datagram.bytes[0] = VT_NTP_VERSION << 3 | VT_NTP_MODE_CLIENT;
        VtNtpReply reply = prepare(fixture);
        if (reply.verdict != VT_NTP_COUNT_ANSWERED)
            continue;
        n_answered++;
        g_assert_cmpuint(finish(fixture, &reply, bytes), <=, fixture->datagram.n_bytes);
    }
    g_assert_cmpuint(n_answered, >, 0);

    compose(fixture, &request, VT_NTP_PACKET_BYTES);
    g_assert_cmpint(prepare(fixture).verdict, ==, VT_NTP_COUNT_ANSWERED);
}

#define add(path, function) \
    g_test_add("/hostd/ntp-answer/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("good-code-is-answered-with-one", test_good_code_is_answered_with_one);
    add("bad-code-is-answered-with-a-nak", test_bad_code_is_answered_with_a_nak);
    for (size_t i = 0; i < G_N_ELEMENTS(drops); i++) {
        g_autofree char *path = g_strconcat("/hostd/ntp-answer/drops-", drops[i].name, NULL);
        g_test_add(path, Fixture, &drops[i], set_up, test_drop, tear_down);
    }
    add("interleaved-reply-has-the-true-transmit-time-once",
        test_interleaved_reply_has_the_true_transmit_time_once);
    add("set-clock-ends-interleaving", test_set_clock_ends_interleaving);
    add("request-with-equal-stamps-is-basic", test_request_with_equal_stamps_is_basic);
    add("receive-stamps-never-meet", test_receive_stamps_never_meet);
    add("random-packets-get-no-more-than-they-bring",
        test_random_packets_get_no_more_than_they_bring);
    return g_test_run();
}
