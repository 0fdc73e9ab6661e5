/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's link to hostds of other versions, as they were recorded. */
#include "agent/devices/link.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/waiting.h"
#include "tests/proto/recorded-peer.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtLink *link;
    RecordedPeer peer;
    unsigned n_notices;
    VtLinkNotice notice;
} Fixture;

static void
on_notice(const VtLinkNotice *notice, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_notices += 1;
    fixture->notice = *notice;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fake_kernel_init(&fixture->kernel, now);
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    VtPortPlaces places = fake_host_get_places(&fixture->host);
    fixture->link = vt_link_new(&places, "org.virttime.0", fixture->clock);
    vt_link_set_notice_func(fixture->link, on_notice, fixture);
    recorded_peer_load(&fixture->peer, data);
    /* The recording answers, not the fake. */
    fixture->host.n_hellos_to_lose = G_MAXUINT;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_link_free(fixture->link);
    vt_clock_free(fixture->clock);
    fake_host_clear(&fixture->host);
}

/* All that was recorded, as an answer to the HELLO that has come. */
static void
play_recording(Fixture *fixture)
{
    vt_link_probe(fixture->link);
    wait_for_count(&fixture->host.n_hellos, 1);
    recorded_frame_set_nonce(&fixture->peer.frames[0], RECORDED_HELLO_PEER_NONCE,
                             fixture->host.hello.nonce);
    for (unsigned i = 0; i < fixture->peer.n_frames; i++) {
        uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
        size_t n_bytes = vt_link_frame_encode(&fixture->peer.frames[i], bytes);
        fake_host_send_bytes(&fixture->host, bytes, n_bytes);
    }
}

static void
test_is_spoken_with(Fixture *fixture, gconstpointer data)
{
    (void)data;
    play_recording(fixture);
    wait_for_count(&fixture->n_notices, 1);

    g_assert_cmpint(vt_link_get_state(fixture->link), ==, VT_LINK_STATE_UP);
    g_assert_cmpuint(vt_link_get_mode(fixture->link), ==, VT_LINK_MODE_FULL);
    g_assert_cmpuint(fixture->notice.cause, ==, VT_LINK_CAUSE_RESUMED);
    g_assert_cmpint(fixture->notice.stand_still_ns, ==, 5 * VT_NS_PER_SEC);
    /* It answered in its own version, to the recorded session. */
    wait_for_count(&fixture->host.n_hellos, 2);
    g_assert_cmphex(fixture->host.hello.peer_nonce, ==, RECORDED_HOST_NONCE);
}

static void
test_is_not_believed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    play_recording(fixture);
    /* A HELLO that nobody answered is repeated: by then all was read. */
    wait_for_count(&fixture->host.n_hellos, 2);

    g_assert_cmpint(vt_link_get_state(fixture->link), ==, VT_LINK_STATE_OPEN);
    g_assert_cmpuint(fixture->n_notices, ==, 0);
    g_assert_cmphex(fixture->host.hello.peer_nonce, ==, 0);
}

#define add(path, name, function) \
    g_test_add("/agent/peers/" path, Fixture, name, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("version-0-is-not-believed", "host-v0", test_is_not_believed);
    add("version-1-is-spoken-with", "host-v1", test_is_spoken_with);
    add("version-2-is-spoken-with", "host-v2", test_is_spoken_with);
    add("version-3-is-spoken-with", "host-v3", test_is_spoken_with);
    add("version-4-is-not-believed", "host-v4", test_is_not_believed);
    return g_test_run();
}
