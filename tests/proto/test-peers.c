/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recorded streams of other versions through scanner, session and decoders, byte for byte. */
#include "proto/link-message.h"
#include "proto/link-scanner.h"
#include "proto/link-session.h"
#include "tests/proto/recorded-peer.h"

typedef struct {
    const char *name;
    uint8_t version;
    bool is_host;
    bool is_spoken; /* within N-2 to N+2 */
} Peer;

static const Peer peers[] = {
    { "host-v0", 0, true, false }, { "guest-v0", 0, false, false },
    { "host-v1", 1, true, true },  { "guest-v1", 1, false, true },
    { "host-v2", 2, true, true },  { "guest-v2", 2, false, true },
    { "host-v3", 3, true, true },  { "guest-v3", 3, false, true },
    { "host-v4", 4, true, false }, { "guest-v4", 4, false, false },
};

typedef struct {
    VtLinkSession session; /* ours */
    VtLinkScanner scanner;
    unsigned n_understood;
    unsigned n_unknown;
} Receiver;

static bool
understand(Receiver *receiver, const VtLinkFrame *frame)
{
    VtLinkHello hello;
    VtLinkTime time;
    VtLinkNotice notice;
    VtLinkAck ack;
    VtLinkReport report;

    if (vt_link_hello_decode(frame, &hello)) {
        vt_link_session_on_hello(&receiver->session, &hello);
        return true;
    }
    return vt_link_time_decode(frame, VT_LINK_TIME_REQUEST, &time) ||
           vt_link_time_decode(frame, VT_LINK_TIME_REPLY, &time) ||
           vt_link_notice_decode(frame, &notice) || vt_link_ack_decode(frame, &ack) ||
           vt_link_report_decode(frame, &report);
}

/* In pieces of @piece_bytes, as a stream may come. */
static void
receive(Receiver *receiver, const RecordedPeer *peer, size_t piece_bytes)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    for (unsigned i = 0; i < peer->n_frames; i++) {
        uint8_t buffer[VT_LINK_MAX_FRAME_BYTES];
        size_t n_bytes = vt_link_frame_encode(&peer->frames[i], buffer);
        g_byte_array_append(stream, buffer, (guint)n_bytes);
    }
    for (size_t at = 0; at < stream->len; at += piece_bytes) {
        const uint8_t *bytes = stream->data + at;
        size_t n_bytes = MIN(piece_bytes, stream->len - at);
        VtLinkFrame frame;
        while (vt_link_scanner_next(&receiver->scanner, &bytes, &n_bytes, &frame)) {
            if (understand(receiver, &frame))
                receiver->n_understood += 1;
            else
                receiver->n_unknown += 1;
        }
    }
}

static void
test_peer(const void *data)
{
    const Peer *peer = data;
    RecordedPeer recorded;
    recorded_peer_load(&recorded, peer->name);

    for (size_t piece_bytes = 1; piece_bytes <= 1000; piece_bytes *= 10) {
        Receiver receiver = { 0 };
        vt_link_session_begin(&receiver.session,
                              peer->is_host ? RECORDED_GUEST_NONCE : RECORDED_HOST_NONCE);
        receive(&receiver, &recorded, piece_bytes);

        const VtLinkScannerCounters *counters = &receiver.scanner.counters;
        unsigned n_later = peer->version > VT_LINK_VERSION ? 1 : 0;
        g_assert_cmpuint(recorded.frames[0].version, ==, peer->version);
        g_assert_cmpuint(counters->n_rubbish_bytes, ==, 0);
        g_assert_cmpint(receiver.session.is_up, ==, peer->is_spoken);
        if (peer->is_spoken) {
            g_assert_cmpuint(receiver.n_understood, ==, recorded.n_frames - n_later);
            g_assert_cmpuint(receiver.n_unknown, ==, n_later);
            g_assert_cmpuint(counters->n_bad_version, ==, 0);
        } else {
            g_assert_cmpuint(receiver.n_understood + receiver.n_unknown, ==, 0);
            g_assert_cmpuint(counters->n_bad_version, ==, recorded.n_frames);
        }
    }
}

static void
test_fields_of_a_later_version_are_read_as_ever(void)
{
    RecordedPeer now;
    RecordedPeer later;
    VtLinkHello hello_now;
    VtLinkHello hello_later;
    VtLinkNotice notice;
    recorded_peer_load(&now, "host-v1");
    recorded_peer_load(&later, "host-v3");

    g_assert_true(vt_link_hello_decode(&now.frames[0], &hello_now));
    g_assert_true(vt_link_hello_decode(&later.frames[0], &hello_later));
    g_assert_true(vt_link_notice_decode(&later.frames[2], &notice));

    g_assert_cmphex(hello_later.nonce, ==, hello_now.nonce);
    g_assert_cmphex(hello_later.peer_nonce, ==, hello_now.peer_nonce);
    g_assert_cmpuint(hello_later.epoch, ==, hello_now.epoch);
    g_assert_cmpuint(hello_later.mode, ==, hello_now.mode);
    g_assert_cmpint(notice.stand_still_ns, ==, 5 * VT_NS_PER_SEC);
    /* A flag that this version does not know is gone. */
    g_assert_cmpuint(notice.flags, ==,
                     VT_LINK_NOTICE_HOST_SYNCHRONISED | VT_LINK_NOTICE_STAND_STILL_KNOWN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(peers); i++) {
        g_autofree char *path =
            g_strdup_printf("/proto/peers/%s-%s", peers[i].name,
                            peers[i].is_spoken ? "is-spoken-with" : "is-skipped");
        g_test_add_data_func(path, &peers[i], test_peer);
    }
    g_test_add_func("/proto/peers/fields-of-a-later-version-are-read-as-ever",
                    test_fields_of_a_later_version_are_read_as_ever);
    return g_test_run();
}
