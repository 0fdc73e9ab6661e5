/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/link.h"
#include "agent/providers/link.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/waiting.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtLink *link;
    VtProvider provider;
    VtLinkState state;
    unsigned n_notices;
    unsigned n_epochs;
    unsigned n_readings;
    unsigned n_failures;
    VtReading reading;
} Fixture;

static void
on_state(VtLinkState state, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->state = state;
}

static void
on_notice(const VtLinkNotice *notice, void *user_data)
{
    Fixture *fixture = user_data;
    (void)notice;
    fixture->n_notices += 1;
}

static void
on_epoch(void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_epochs += 1;
}

static void
on_reading(const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    if (reading == NULL) {
        fixture->n_failures += 1;
        return;
    }
    fixture->n_readings += 1;
    fixture->reading = *reading;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    VtPortPlaces places = fake_host_get_places(&fixture->host);
    fixture->link = vt_link_new(&places, "org.virttime.0", fixture->clock);
    vt_link_set_state_func(fixture->link, on_state, fixture);
    vt_link_set_notice_func(fixture->link, on_notice, fixture);
    vt_link_set_epoch_func(fixture->link, on_epoch, fixture);
    fixture->provider =
        vt_provider_link_new(fixture->link, fixture->clock, on_reading, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_provider_clear(&fixture->provider);
    vt_link_free(fixture->link);
    vt_clock_free(fixture->clock);
    fake_host_clear(&fixture->host);
}

/* Turns the main loop until @value, which a callback changes, has reached @wanted. */
static void
wait_for(const unsigned *value, unsigned wanted)
{
    wait_for_count(value, wanted);
    g_assert_cmpuint(*value, ==, wanted);
}

static void
bring_up(Fixture *fixture)
{
    vt_link_probe(fixture->link);
    wait_for(&fixture->state, VT_LINK_STATE_UP);
}

static void
test_finds_its_port_by_name(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(vt_link_get_state(fixture->link), ==, VT_LINK_STATE_NO_PORT);

    bring_up(fixture);

    g_assert_cmpint(vt_link_get_mode(fixture->link), ==, VT_LINK_MODE_FULL);
    g_assert_null(vt_link_get_problem(fixture->link));
}

static void
test_machine_without_port_says_so(void)
{
    VtPortPlaces places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" };
    g_autoptr(VtClock) clock = vt_clock_new_system();
    g_autoptr(VtLink) link = vt_link_new(&places, "org.virttime.0", clock);

    vt_link_probe(link);

    g_assert_cmpint(vt_link_get_state(link), ==, VT_LINK_STATE_NO_PORT);
    g_assert_cmpstr(vt_link_get_problem(link), ==, "no virtio port is named 'org.virttime.0'");
}

static void
test_reading_carries_the_hosts_time(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);

    VtWall expected = vt_wall_add(fixture->kernel.wall, 3 * VT_NS_PER_SEC);
    /* An NTP stamp resolves 0.23 ns. */
    g_assert_cmpint(ABS(vt_wall_diff(fixture->reading.reference_sent_at, expected)), <=, 1);
    g_assert_cmpint(fixture->reading.sent.wall.ns, ==, fixture->kernel.wall.ns);
    g_assert_true(fixture->reading.reference_synchronised);
}

static void
test_host_beyond_2036_is_understood(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.ahead_ns = 20 * INT64_C(31557600) * VT_NS_PER_SEC;

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);

    VtNs ahead_ns = vt_wall_diff(fixture->reading.reference_sent_at, fixture->kernel.wall);
    g_assert_cmpint(ABS(ahead_ns - fixture->host.ahead_ns), <=, 1);
}

static void
test_lost_hello_is_repeated(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.n_hellos_to_lose = 1;

    bring_up(fixture);

    g_assert_cmpuint(fixture->host.n_hellos_to_lose, ==, 0);
}

static void
test_unanswered_request_is_repeated(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.answers = false;

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->host.n_requests, 1);
    uint64_t first_nonce = fixture->host.request.nonce;
    wait_for(&fixture->host.n_requests, 2);
    g_assert_cmpuint(fixture->host.request.nonce, !=, first_nonce);
    fixture->host.answers = true;
    wait_for(&fixture->n_readings, 1);

    g_assert_cmpuint(fixture->n_failures, ==, 0);
}

static void
test_reply_of_a_newer_epoch_is_a_hint(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.epoch = 7;

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_epochs, 1);
    g_assert_cmpuint(fixture->n_readings, ==, 0);

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);
    g_assert_cmpuint(fixture->host.request.epoch, ==, 7);
}

static void
test_reply_of_an_older_epoch_is_dropped(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.epoch = 7;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for(&fixture->n_notices, 1);
    fixture->host.epoch = 6;

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->host.n_requests, 3);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
}

/* A pause fell between the reply and its reading; both wait in the port when the guest runs. */
static void
test_reply_before_a_notice_is_dropped(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    fixture->host.answers = false;
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->host.n_requests, 1);

    fake_host_hold(&fixture->host);
    fake_host_answer(&fixture->host);
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    fake_host_release(&fixture->host);
    wait_for(&fixture->n_notices, 1);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
}

/* The host's HELLO was heard; ours and the request are in one stream. */
static void
test_asks_right_behind_its_hello(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    vt_link_session_begin(&fixture->host.session, 2000);
    fixture->host.n_hellos_to_lose = 1; /* the link is not up again */
    fake_host_send_hello(&fixture->host);
    fixture->state = VT_LINK_STATE_CLOSED;
    wait_for(&fixture->state, VT_LINK_STATE_OPEN);

    g_assert_true(vt_provider_is_usable(&fixture->provider));
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->host.n_requests, 1);

    g_assert_cmpuint(fixture->host.request.session, ==, 2000);
}

static void
test_notice_of_another_session_is_dropped(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    uint64_t nonce = fixture->host.session.own_nonce;

    fixture->host.session.own_nonce = nonce + 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    fixture->host.session.own_nonce = nonce;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 2);
    wait_for(&fixture->n_notices, 1);
}

static void
test_new_hello_in_mid_stream_begins_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);

    vt_link_session_begin(&fixture->host.session, 2000);
    fixture->host.epoch = 1;
    fake_host_send_hello(&fixture->host);
    fixture->state = VT_LINK_STATE_CLOSED;
    wait_for(&fixture->state, VT_LINK_STATE_UP);
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);

    g_assert_cmpuint(fixture->host.request.session, ==, 2000);
}

static void
test_half_a_frame_does_no_harm(Fixture *fixture, gconstpointer data)
{
    static const uint8_t half[] = { 0x56, 0x54, 0x4c, 0x4b, 1, 4, 50, 0, 0, 0, 0, 0, 1, 2, 3 };
    (void)data;
    bring_up(fixture);

    fake_host_send_bytes(&fixture->host, half, sizeof half);
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);
}

static void
test_last_exchange_is_echoed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);

    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);
    g_assert_cmpuint(fixture->host.request.packet.origin, ==, 0);
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 2);

    g_assert_cmpuint(fixture->host.request.packet.origin, !=, 0);
    g_assert_cmpuint(fixture->host.request.packet.receive, !=, 0);
}

static void
test_echo_is_withheld_after_a_step(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 1);

    g_assert_true(vt_clock_step(fixture->clock, 5 * VT_NS_PER_MS, NULL));
    vt_provider_begin(&fixture->provider);
    wait_for(&fixture->n_readings, 2);

    g_assert_cmpuint(fixture->host.request.packet.receive, ==, 0);
}

static void
test_hang_up_closes_the_link(Fixture *fixture, gconstpointer data)
{
    (void)data;
    bring_up(fixture);

    fake_host_hang_up(&fixture->host);
    vt_link_probe(fixture->link);

    g_assert_cmpint(vt_link_get_state(fixture->link), !=, VT_LINK_STATE_UP);
    g_assert_false(vt_provider_is_usable(&fixture->provider));
}

#define add(path, function) \
    g_test_add("/agent/link/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("finds-its-port-by-name", test_finds_its_port_by_name);
    g_test_add_func("/agent/link/machine-without-port-says-so",
                    test_machine_without_port_says_so);
    add("reading-carries-the-hosts-time", test_reading_carries_the_hosts_time);
    add("host-beyond-2036-is-understood", test_host_beyond_2036_is_understood);
    add("lost-hello-is-repeated", test_lost_hello_is_repeated);
    add("unanswered-request-is-repeated", test_unanswered_request_is_repeated);
    add("reply-of-a-newer-epoch-is-a-hint", test_reply_of_a_newer_epoch_is_a_hint);
    add("reply-of-an-older-epoch-is-dropped", test_reply_of_an_older_epoch_is_dropped);
    add("reply-before-a-notice-is-dropped", test_reply_before_a_notice_is_dropped);
    add("asks-right-behind-its-hello", test_asks_right_behind_its_hello);
    add("notice-of-another-session-is-dropped", test_notice_of_another_session_is_dropped);
    add("new-hello-in-mid-stream-begins-anew", test_new_hello_in_mid_stream_begins_anew);
    add("half-a-frame-does-no-harm", test_half_a_frame_does_no_harm);
    add("last-exchange-is-echoed", test_last_exchange_is_echoed);
    add("echo-is-withheld-after-a-step", test_echo_is_withheld_after_a_step);
    add("hang-up-closes-the-link", test_hang_up_closes_the_link);
    return g_test_run();
}
