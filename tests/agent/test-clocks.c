/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent on a machine with PTP clocks, which come and go. */
#include <errno.h>

#include "agent/agent.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/passing-time.h"
#include "tests/os/fake-ptp.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

/* So long is what shows up beside a reference that serves compared with it. */
#define MOST_COMPARED_TICKS 16

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    UMockdevTestbed *testbed;
    FakeKernel kernel;
    FakePtp ptp;
    FakeHost host;
    bool has_host;
    VtUdev *udev;
    VtClock *clock;
    VtAgent *agent;
    PassingTime passing;
    GPtrArray *cards;
    VtClockConfig card;
} Fixture;

static void
set_up_named(Fixture *fixture, gconstpointer clock_name)
{
    fixture->testbed = umockdev_testbed_new();
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    if (clock_name != NULL)
        fake_ptp_init(&fixture->ptp, fixture->testbed, &fixture->kernel, "ptp0", clock_name);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->udev = vt_udev_new(NULL);
    g_assert_nonnull(fixture->udev);
    fixture->cards = g_ptr_array_new();
    fixture->card = (VtClockConfig){
        .name = (char *)"nic",
        .clock_name = (char *)"ena-*",
        .error_ns = 50 * VT_NS_PER_US,
    };
    passing_time_start(&fixture->passing, &fixture->kernel, &fixture->agent, 20 * VT_NS_PER_MS);
}

static void
start(Fixture *fixture)
{
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = 5 * VT_NS_PER_MS,
        .udev = fixture->udev,
        .clocks = { .cards = fixture->cards },
    };
    if (fixture->has_host)
        params.places = fake_host_get_places(&fixture->host);
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static void
add_host(Fixture *fixture)
{
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->has_host = true;
}

static void
tear_down(Fixture *fixture, gconstpointer clock_name)
{
    passing_time_stop(&fixture->passing);
    vt_agent_free(fixture->agent);
    vt_udev_free(fixture->udev);
    vt_clock_free(fixture->clock);
    if (clock_name != NULL)
        fake_ptp_clear(&fixture->ptp);
    if (fixture->has_host)
        fake_host_clear(&fixture->host);
    g_ptr_array_unref(fixture->cards);
    g_object_unref(fixture->testbed);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

typedef bool (*Claim)(Fixture *fixture);

static void
wait_until(Fixture *fixture, Claim claim)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!claim(fixture) && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_true(claim(fixture));
}

static bool
follows(Fixture *fixture, const char *name)
{
    VtAgentView view = vt_agent_look(fixture->agent);
    return view.status.state == VT_STATE_TRACKING && g_str_equal(view.reference, name);
}

static bool
follows_ptp(Fixture *fixture)
{
    return follows(fixture, "ptp0");
}

static bool
follows_link(Fixture *fixture)
{
    return follows(fixture, "link");
}

static bool
has_seen_disruption(Fixture *fixture)
{
    return vt_agent_look(fixture->agent).status.n_disruptions > 0 && follows_ptp(fixture);
}

/* The one dictionary of GetClocks. */
static GVariant *
get_clock(Fixture *fixture)
{
    g_autoptr(GVariant) clocks = g_variant_ref_sink(vt_agent_get_clocks(fixture->agent));
    g_assert_cmpuint(g_variant_n_children(clocks), ==, 1);
    return g_variant_get_child_value(clocks, 0);
}

static VtNs
get_error(const Fixture *fixture)
{
    VtNs passed_ns = vt_mono_diff(fixture->kernel.raw, fixture->ptp.raw_at_start);
    VtWall shown = vt_wall_add(true_wall, passed_ns + fixture->ptp.ahead_ns);
    return vt_ns_abs(vt_wall_diff(fixture->kernel.wall, shown));
}

/* At each look on the way the bound is true. */
static bool
follows_link_honestly(Fixture *fixture)
{
    g_assert_cmpint(get_error(fixture), <=, vt_agent_look(fixture->agent).status.error_ns);
    return follows_link(fixture);
}

static bool
follows_ptp_honestly(Fixture *fixture)
{
    g_assert_cmpint(get_error(fixture), <=, vt_agent_look(fixture->agent).status.error_ns);
    return follows_ptp(fixture);
}

static void
assert_text(GVariant *clock, const char *key, const char *expected)
{
    const char *text = NULL;
    g_assert_true(g_variant_lookup(clock, key, "&s", &text));
    g_assert_cmpstr(text, ==, expected);
}

static void
test_followed_without_a_link(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    fixture->ptp.ahead_ns = 7 * VT_NS_PER_SEC;
    start(fixture);
    wait_until(fixture, follows_ptp);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_true(view.synchronised);
    /* Nobody says how good the host's clock is. */
    g_assert_cmpint(view.status.error_ns, >=, 100 * VT_NS_PER_MS);
    g_assert_cmpint(view.status.host_error_ns, <, VT_NS_PER_MS);
    g_assert_cmpint(get_error(fixture), <, VT_NS_PER_MS);

    g_autoptr(GVariant) clock = get_clock(fixture);
    assert_text(clock, "name", "ptp0");
    assert_text(clock, "device", "/dev/ptp0");
    assert_text(clock, "clock-name", "KVM virtual PTP");
    assert_text(clock, "kind", "kvm");
    assert_text(clock, "scale", "utc");
    assert_text(clock, "method", "precise");
    assert_text(clock, "use", "followed");
}

static void
test_unannounced_pause_is_found_by_the_next_reading(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    start(fixture);
    wait_until(fixture, follows_ptp);
    fixture->ptp.ahead_ns = 60 * VT_NS_PER_SEC;
    wait_until(fixture, has_seen_disruption);

    g_assert_cmpint(get_error(fixture), <, VT_NS_PER_MS);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 1);
}

/* Jumped and right: the clocks advanced over the pause, and so did the host's. */
static void
test_guest_that_is_right_is_left_alone(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    start(fixture);
    wait_until(fixture, follows_ptp);
    fake_kernel_pass(&fixture->kernel, 60 * VT_NS_PER_SEC);
    uint64_t n_before = vt_agent_look(fixture->agent).status.n_readings;
    while (vt_agent_look(fixture->agent).status.n_readings < n_before + 5)
        g_main_context_iteration(NULL, TRUE);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
    g_assert_true(follows_ptp(fixture));
}

static void
test_link_tells_how_good_the_hosts_clock_is(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    add_host(fixture);
    start(fixture);
    wait_until(fixture, follows_ptp);
    uint64_t n_before = vt_agent_look(fixture->agent).status.n_readings;
    while (vt_agent_look(fixture->agent).status.n_readings < n_before + 5)
        g_main_context_iteration(NULL, TRUE);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_true(view.synchronised);
    g_assert_cmpint(view.status.error_ns, <, 50 * VT_NS_PER_MS);
}

static void
test_unsynchronised_host_makes_its_clocks_so(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    add_host(fixture);
    fixture->host.is_synchronised = false;
    start(fixture);
    while (fixture->host.n_requests < 5 || !follows_ptp(fixture))
        g_main_context_iteration(NULL, TRUE);
    uint64_t n_before = vt_agent_look(fixture->agent).status.n_readings;
    while (vt_agent_look(fixture->agent).status.n_readings < n_before + 5)
        g_main_context_iteration(NULL, TRUE);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_false(view.synchronised);
    g_assert_false(view.updates.is_reference_synchronised);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, !=, 0);
}

static void
test_unplugged_clock_hands_over_and_takes_over_again(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    add_host(fixture);
    start(fixture);
    wait_until(fixture, follows_ptp);

    unsigned n_steps = fixture->kernel.n_steps;
    /* The link is asked once a tick: that counts them. */
    unsigned n_ticks_before = fixture->host.n_requests;
    fake_ptp_unplug(&fixture->ptp);
    wait_until(fixture, follows_link_honestly);
    g_assert_cmpuint(fixture->host.n_requests - n_ticks_before, <=, 1);
    g_autoptr(GVariant) gone = get_clock(fixture);
    assert_text(gone, "use", "its device is gone");

    /* What comes back may be another: it is compared first. */
    n_ticks_before = fixture->host.n_requests;
    fake_ptp_plug_again(&fixture->ptp);
    wait_until(fixture, follows_ptp_honestly);
    g_assert_cmpuint(fixture->host.n_requests - n_ticks_before, <=, MOST_COMPARED_TICKS);
    g_autoptr(GVariant) back = get_clock(fixture);
    assert_text(back, "use", "followed");
    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps);
}

/* Without a word of udev's, by its readings alone. */
static void
test_clock_that_fails_hands_over(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    add_host(fixture);
    start(fixture);
    wait_until(fixture, follows_ptp);

    unsigned n_steps = fixture->kernel.n_steps;
    unsigned n_ticks_before = fixture->host.n_requests;
    fake_ptp_fail(&fixture->ptp, ENODEV);
    wait_until(fixture, follows_link_honestly);
    g_assert_cmpuint(fixture->host.n_requests - n_ticks_before, <=, 1);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps);
}

static void
test_clock_that_shows_up_later_is_found(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    start(fixture);
    g_autoptr(GVariant) none = g_variant_ref_sink(vt_agent_get_clocks(fixture->agent));
    g_assert_cmpuint(g_variant_n_children(none), ==, 0);

    fake_ptp_init(&fixture->ptp, fixture->testbed, &fixture->kernel, "ptp0", "hyperv");
    fixture->ptp.precise_errno = EOPNOTSUPP;
    fixture->ptp.extended_errno = EOPNOTSUPP;
    fake_ptp_plug_again(&fixture->ptp);
    fixture->ptp.precise_errno = EOPNOTSUPP;
    fixture->ptp.extended_errno = EOPNOTSUPP;
    wait_until(fixture, follows_ptp);

    g_autoptr(GVariant) clock = get_clock(fixture);
    assert_text(clock, "kind", "hyperv");
    assert_text(clock, "method", "plain");
    vt_agent_free(g_steal_pointer(&fixture->agent));
    fake_ptp_clear(&fixture->ptp);
}

static void
test_hampered_clock_says_why(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    fixture->ptp.precise_errno = ENODEV;
    fixture->ptp.extended_errno = EOPNOTSUPP;
    start(fixture);
    wait_until(fixture, follows_ptp);

    const char *remark = NULL;
    g_autoptr(GVariant) clock = get_clock(fixture);
    assert_text(clock, "method", "plain");
    g_assert_true(g_variant_lookup(clock, "remark", "&s", &remark));
    g_assert_nonnull(strstr(remark, "clocksource"));
}

static void
test_card_that_merely_exists_is_not_followed(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    fixture->ptp.ahead_ns = 37 * VT_NS_PER_SEC;
    add_host(fixture);
    start(fixture);
    wait_until(fixture, follows_link);

    g_autoptr(GVariant) clock = get_clock(fixture);
    assert_text(clock, "kind", "card");
    assert_text(clock, "use", "a card's clock, which no [clock] of the settings names");
    g_assert_cmpuint(fixture->ptp.n_precise, ==, 0);
}

static void
test_named_card_is_followed_within_its_error(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    g_ptr_array_add(fixture->cards, &fixture->card);
    start(fixture);
    wait_until(fixture, follows_ptp);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_true(view.synchronised);
    g_assert_cmpint(view.status.error_ns, >=, 50 * VT_NS_PER_US);
    g_assert_cmpint(view.status.error_ns, <, 10 * VT_NS_PER_MS);
}

static void
test_named_node_is_followed_without_udev(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    VtClockConfig node = {
        .name = (char *)"nic",
        .device = (char *)"/dev/ptp0",
        .error_ns = 50 * VT_NS_PER_US,
    };
    g_ptr_array_add(fixture->cards, &node);
    vt_udev_free(g_steal_pointer(&fixture->udev));
    start(fixture);
    wait_until(fixture, follows_ptp);

    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(vt_agent_look(fixture->agent).status.error_ns, >=, 50 * VT_NS_PER_US);
    vt_agent_free(g_steal_pointer(&fixture->agent));
}

static void
test_named_node_that_udev_knows_too_is_one_clock(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    VtClockConfig node = {
        .name = (char *)"nic",
        .device = (char *)"/dev/ptp0",
        .error_ns = 50 * VT_NS_PER_US,
    };
    g_ptr_array_add(fixture->cards, &node);
    start(fixture);
    wait_until(fixture, follows_ptp);

    g_autoptr(GVariant) clocks = g_variant_ref_sink(vt_agent_get_clocks(fixture->agent));
    g_assert_cmpuint(g_variant_n_children(clocks), ==, 1);
    vt_agent_free(g_steal_pointer(&fixture->agent));
}

static bool
is_named_as_tai(Fixture *fixture)
{
    const char *use = NULL;
    g_autoptr(GVariant) clocks = g_variant_ref_sink(vt_agent_get_clocks(fixture->agent));
    if (g_variant_n_children(clocks) == 0)
        return false; /* not yet found */
    g_autoptr(GVariant) clock = g_variant_get_child_value(clocks, 0);
    g_assert_true(g_variant_lookup(clock, "use", "&s", &use));
    return g_str_equal(use, "it seems to show TAI, not UTC");
}

static void
test_clock_on_tai_that_says_utc_is_named(Fixture *fixture, gconstpointer clock_name)
{
    (void)clock_name;
    add_host(fixture);
    start(fixture);
    wait_until(fixture, follows_link);
    unsigned n_steps = fixture->kernel.n_steps;
    fake_ptp_init(&fixture->ptp, fixture->testbed, &fixture->kernel, "ptp0",
                  "Virtio PTP type 0/variant 0");
    fixture->ptp.ahead_ns = 37 * VT_NS_PER_SEC;
    umockdev_testbed_uevent(fixture->testbed, fixture->ptp.syspath, "add");
    wait_until(fixture, is_named_as_tai);
    uint64_t n_before = vt_agent_look(fixture->agent).status.n_readings;
    while (vt_agent_look(fixture->agent).status.n_readings < n_before + 20)
        g_main_context_iteration(NULL, TRUE);

    g_assert_true(follows_link(fixture));
    g_assert_true(is_named_as_tai(fixture));
    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);

    /* Whoever sets it right is followed again. */
    fixture->ptp.ahead_ns = fixture->host.ahead_ns;
    fixture->ptp.wall_at_start = fixture->host.wall_at_start;
    fixture->ptp.raw_at_start = fixture->host.raw_at_start;
    wait_until(fixture, follows_ptp);
    vt_agent_free(g_steal_pointer(&fixture->agent));
    fake_ptp_clear(&fixture->ptp);
}

#define add(path, clock_name, function) \
    g_test_add("/agent/clocks/" path, Fixture, clock_name, set_up_named, function, tear_down)

int
main(int argc, char **argv)
{
    static const char *const kvm = "KVM virtual PTP";
    g_test_init(&argc, &argv, NULL);
    add("followed-without-a-link", kvm, test_followed_without_a_link);
    add("unannounced-pause-is-found-by-the-next-reading", kvm,
        test_unannounced_pause_is_found_by_the_next_reading);
    add("guest-that-is-right-is-left-alone", kvm, test_guest_that_is_right_is_left_alone);
    add("link-tells-how-good-the-hosts-clock-is", kvm,
        test_link_tells_how_good_the_hosts_clock_is);
    add("unsynchronised-host-makes-its-clocks-so", kvm,
        test_unsynchronised_host_makes_its_clocks_so);
    add("unplugged-clock-hands-over-and-takes-over-again", kvm,
        test_unplugged_clock_hands_over_and_takes_over_again);
    add("clock-that-fails-hands-over", kvm, test_clock_that_fails_hands_over);
    add("clock-that-shows-up-later-is-found", NULL, test_clock_that_shows_up_later_is_found);
    add("named-node-is-followed-without-udev", "ena-ptp-00",
        test_named_node_is_followed_without_udev);
    add("named-node-that-udev-knows-too-is-one-clock", "ena-ptp-00",
        test_named_node_that_udev_knows_too_is_one_clock);
    add("clock-on-tai-that-says-utc-is-named", NULL, test_clock_on_tai_that_says_utc_is_named);
    add("hampered-clock-says-why", kvm, test_hampered_clock_says_why);
    add("card-that-merely-exists-is-not-followed", "ena-ptp-05",
        test_card_that_merely_exists_is_not_followed);
    add("named-card-is-followed-within-its-error", "ena-ptp-05",
        test_named_card_is_followed_within_its_error);
    return g_test_run();
}
