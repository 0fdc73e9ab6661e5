/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent, with nothing in the world but an RTC. */
#include <umockdev.h>

#include "agent/agent.h"
#include "tests/agent/fake-rtc.h"

/* What an interrupt takes, usually. */
#define USUAL_LAG_NS (200 * VT_NS_PER_US)

/* The RTC is behind true time by so much. */
#define PHASE_NS (300 * VT_NS_PER_MS)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeRtc fake;
    VtClock *clock;
    UMockdevTestbed *testbed;
    VtUdev *udev;
    VtAgent *agent;
} Fixture;

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = 100;
    fake_rtc_init(&fixture->fake, &fixture->kernel, vt_wall_add(true_wall, -PHASE_NS));
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->testbed = umockdev_testbed_new();
    g_assert_true(umockdev_testbed_add_from_string(
        fixture->testbed,
        "P: /devices/pnp0/00:00/rtc/rtc0\nN: rtc0\nE: DEVNAME=/dev/rtc0\n"
        "E: SUBSYSTEM=rtc\nA: name=rtc_cmos\\n\n",
        NULL));
    fixture->udev = vt_udev_new(NULL);
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = 5 * VT_NS_PER_MS,
        .udev = fixture->udev,
        .clocks = { .rtc = fake_rtc_get_places(&fixture->fake) },
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
    while (!fixture->fake.is_armed)
        g_main_context_iteration(NULL, TRUE);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_agent_free(fixture->agent);
    vt_udev_free(fixture->udev);
    g_clear_object(&fixture->testbed);
    vt_clock_free(fixture->clock);
}

/* Ticks come by the loop's own time: lets at least one pass beside each edge. */
static void
pass_edges_and_ticks(Fixture *fixture, unsigned n_edges)
{
    for (unsigned i = 0; i < n_edges; i++) {
        fake_rtc_pass_edge(&fixture->fake, USUAL_LAG_NS);
        gint64 until_us = g_get_monotonic_time() + 12000;
        while (g_get_monotonic_time() < until_us)
            g_main_context_iteration(NULL, FALSE);
    }
}

static VtNs
get_clock_error(const Fixture *fixture)
{
    VtNs passed_ns = vt_mono_diff(fixture->kernel.raw, fixture->fake.raw_at_start);
    VtWall right = vt_wall_add(true_wall, passed_ns + fixture->fake.paused_ns);
    return vt_ns_abs(vt_wall_diff(right, fixture->kernel.wall));
}

static void
test_rtc_alone_brings_the_guest_back(Fixture *fixture, gconstpointer data)
{
    (void)data;
    pass_edges_and_ticks(fixture, 10);
    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_cmpstr(view.reference, ==, "rtc0");
    g_assert_cmpint(view.status.state, ==, VT_STATE_TRACKING);
    g_assert_false(view.synchronised);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);

    fake_kernel_pass(&fixture->kernel, 400 * VT_NS_PER_MS);
    fake_rtc_pause(&fixture->fake, 60 * VT_NS_PER_SEC);
    VtMono raw_resumed_at = fixture->kernel.raw;
    g_assert_cmpint(get_clock_error(fixture), >, 59 * VT_NS_PER_SEC);
    turn();
    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_DISRUPTED);
    g_assert_cmpint(get_clock_error(fixture), <, VT_NS_PER_SEC);
    fake_rtc_pass_edge(&fixture->fake, USUAL_LAG_NS);
    turn();
    g_assert_cmpint(get_clock_error(fixture), <, 5 * VT_NS_PER_MS);
    g_assert_cmpint(vt_mono_diff(fixture->kernel.raw, raw_resumed_at), <, 1300 * VT_NS_PER_MS);

    pass_edges_and_ticks(fixture, 5);
    view = vt_agent_look(fixture->agent);
    g_assert_cmpint(view.status.state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(view.status.n_disruptions, ==, 1);
    g_assert_cmpstr(view.last_disruption.hint_name, ==, "rtc-jump");
    g_assert_cmpint(view.last_disruption.outcome.offset_ns, >, 59 * VT_NS_PER_SEC);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 2);
}

static void
test_late_edges_move_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    pass_edges_and_ticks(fixture, 6);
    for (int i = 0; i < 3; i++) {
        fake_rtc_pass_edge(&fixture->fake, 60 * VT_NS_PER_MS);
        pass_edges_and_ticks(fixture, 3);
    }

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
    g_assert_cmpint(get_clock_error(fixture), <, 5 * VT_NS_PER_MS);
}

#define add(path, function) \
    g_test_add("/agent/rtc-alone/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("brings-the-guest-back", test_rtc_alone_brings_the_guest_back);
    add("late-edges-move-nothing", test_late_edges_move_nothing);
    return g_test_run();
}
