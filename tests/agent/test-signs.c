/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signs that devices and services of the machine give, and several of them for one event. */
#include <stdio.h>
#include <sys/socket.h>

#include <gio/gio.h>

#include "agent/agent.h"
#include "agent/hints/clocksource.h"
#include "agent/hints/sleep.h"
#include "agent/hints/uevent.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/fake-vmclock.h"
#include "tests/agent/waiting.h"
#include "tests/os/fake-ptp.h"

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    unsigned n_hints;
    VtHint hint;
} Heard;

static void
on_hint(const VtHint *hint, void *user_data)
{
    Heard *heard = user_data;
    heard->n_hints += 1;
    heard->hint = *hint;
}

static void
wait_for(const unsigned *value, unsigned wanted)
{
    wait_for_count(value, wanted);
    g_assert_cmpuint(*value, ==, wanted);
}

static void
test_switched_clocksource_is_a_weak_hint(void)
{
    Heard heard = { 0 };
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "current_clocksource", NULL);
    FILE *file = fopen(path, "w");
    g_assert_cmpint(fputs("kvm-clock\n", file), >=, 0);
    g_assert_cmpint(fflush(file), ==, 0);
    VtHintSource source = vt_hint_clocksource_new(path, on_hint, &heard);
    vt_hint_source_tick(&source);
    g_assert_cmpuint(heard.n_hints, ==, 0);

    rewind(file);
    g_assert_cmpint(fputs("acpi_pm\n\n", file), >=, 0);
    g_assert_cmpint(fclose(file), ==, 0);
    vt_hint_source_tick(&source);
    vt_hint_source_tick(&source);

    g_assert_cmpuint(heard.n_hints, ==, 1);
    g_assert_cmpstr(heard.hint.name, ==, "clocksource");
    g_assert_false(heard.hint.is_strong);
    g_assert_true(heard.hint.reopens_rate);
    vt_hint_source_clear(&source);
    VtHintSource none = vt_hint_clocksource_new("/nonexistent", on_hint, &heard);
    g_assert_null(none.kind);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(rmdir(folder), ==, 0);
}

static void
test_uevents_are_weak_hints(void)
{
    Heard heard = { 0 };
    UMockdevTestbed *testbed = umockdev_testbed_new();
    g_autofree char *cpu =
        umockdev_testbed_add_device(testbed, "cpu", "cpu1", NULL, NULL, NULL);
    g_autofree char *vmgenid = umockdev_testbed_add_device(testbed, "acpi", "QEMUVGID:00", NULL,
                                                           NULL, "NEW_VMGENID", "1", NULL);
    g_autofree char *other =
        umockdev_testbed_add_device(testbed, "acpi", "LNXPWRBN:00", NULL, NULL, NULL);
    g_autofree char *ptp =
        umockdev_testbed_add_device(testbed, "ptp", "ptp0", NULL, NULL, NULL);
    VtUdev *udev = vt_udev_new(NULL);
    VtHintSource source = vt_hint_uevent_new(udev, on_hint, &heard);

    umockdev_testbed_uevent(testbed, other, "change");
    umockdev_testbed_uevent(testbed, cpu, "offline");
    wait_for(&heard.n_hints, 1);
    g_assert_cmpstr(heard.hint.name, ==, "cpu-hotplug");
    umockdev_testbed_uevent(testbed, vmgenid, "change");
    wait_for(&heard.n_hints, 2);
    g_assert_cmpstr(heard.hint.name, ==, "vmgenid");
    g_assert_false(heard.hint.is_strong);
    umockdev_testbed_uevent(testbed, ptp, "remove");
    wait_for(&heard.n_hints, 3);
    g_assert_cmpstr(heard.hint.name, ==, "clock-hotplug");

    vt_hint_source_clear(&source);
    vt_udev_free(udev);
    g_object_unref(testbed);
}

/* Both ends of a connection that is no bus: the test speaks as logind. */
typedef struct {
    GDBusConnection *own;
    GDBusConnection *logind;
} Line;

static void
on_connection(GObject *object, GAsyncResult *result, gpointer user_data)
{
    GDBusConnection **slot = user_data;
    g_autoptr(GError) error = NULL;
    (void)object;
    *slot = g_dbus_connection_new_finish(result, &error);
    g_assert_no_error(error);
}

static void
make_end(int fd, const char *guid, GDBusConnectionFlags flags, GDBusConnection **slot)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    g_dbus_connection_new(G_IO_STREAM(stream), guid, flags, NULL, NULL, on_connection, slot);
}

static void
make_line(Line *line)
{
    g_autofree char *guid = g_dbus_generate_guid();
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    *line = (Line){ 0 };
    make_end(fds[0], guid,
             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS,
             &line->logind);
    make_end(fds[1], NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, &line->own);
    while (line->own == NULL || line->logind == NULL)
        g_main_context_iteration(NULL, TRUE);
}

static void
say_prepare_for_sleep(const Line *line, bool is_before)
{
    g_assert_true(g_dbus_connection_emit_signal(
        line->logind, NULL, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
        "PrepareForSleep", g_variant_new("(b)", is_before), NULL));
}

static void
test_logind_tells_of_sleep_before_and_after(void)
{
    Heard heard = { 0 };
    Line line;
    make_line(&line);
    VtHintSource source = vt_hint_sleep_new_on(line.own, on_hint, &heard);

    say_prepare_for_sleep(&line, true);
    wait_for(&heard.n_hints, 1);
    g_assert_cmpstr(heard.hint.name, ==, "sleep-begins");
    g_assert_false(heard.hint.is_strong);
    say_prepare_for_sleep(&line, false);
    wait_for(&heard.n_hints, 2);
    g_assert_cmpstr(heard.hint.name, ==, "sleep-ended");
    g_assert_true(heard.hint.is_strong);
    g_assert_true(heard.hint.allows_backward);

    vt_hint_source_clear(&source);
    g_object_unref(line.own);
    g_object_unref(line.logind);
}

/* The whole agent, with a link, a vmclock page for its marker, and its own ticks. */
typedef struct {
    UMockdevTestbed *testbed;
    FakeKernel kernel;
    FakeVmclock vmclock;
    FakeHost host;
    VtUdev *udev;
    VtClock *clock;
    VtAgent *agent;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->testbed = umockdev_testbed_new();
    g_assert_true(umockdev_testbed_add_from_string(
        fixture->testbed,
        "P: /devices/virtual/misc/vmclock0\nN: vmclock0\nE: DEVNAME=/dev/vmclock0\n"
        "E: SUBSYSTEM=misc\n\n",
        NULL));
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_vmclock_init(&fixture->vmclock, &fixture->kernel);
    fixture->vmclock.notifies = true;
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->udev = vt_udev_new(NULL);
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = 20 * VT_NS_PER_MS,
        .udev = fixture->udev,
        .clocks = { .vmclock = fake_vmclock_get_places(&fixture->vmclock) },
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
    while (vt_agent_look(fixture->agent).status.state != VT_STATE_TRACKING)
        g_main_context_iteration(NULL, TRUE);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_agent_free(fixture->agent);
    vt_udev_free(fixture->udev);
    vt_clock_free(fixture->clock);
    fake_host_clear(&fixture->host);
    fake_vmclock_clear(&fixture->vmclock);
    g_object_unref(fixture->testbed);
}

static void
let_readings_pass(Fixture *fixture, unsigned n_readings)
{
    uint64_t n_before = vt_agent_look(fixture->agent).status.n_readings;
    while (vt_agent_look(fixture->agent).status.n_readings < n_before + n_readings)
        g_main_context_iteration(NULL, TRUE);
}

static void
come_back_after(Fixture *fixture, VtNs away_ns)
{
    fixture->host.epoch += 1;
    fixture->host.ahead_ns += away_ns;
}

static void
assert_one_disruption(Fixture *fixture, const char *first_sign)
{
    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_cmpuint(view.status.n_disruptions, ==, 1);
    g_assert_cmpstr(view.last_disruption.hint_name, ==, first_sign);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpint(view.status.state, ==, VT_STATE_TRACKING);
}

static void
test_notice_before_the_page_is_seen_is_one_event(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->vmclock.notifies = false;
    come_back_after(fixture, 60 * VT_NS_PER_SEC);
    fake_vmclock_set(&fixture->vmclock, 0x10, 8, 2);
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESTORED, 1);
    wait_for(&fixture->host.n_acks, 1);
    let_readings_pass(fixture, 5);

    assert_one_disruption(fixture, "notice");
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_STEPPED);
}

static void
test_page_before_the_notice_is_one_event(Fixture *fixture, gconstpointer data)
{
    (void)data;
    come_back_after(fixture, 60 * VT_NS_PER_SEC);
    fake_vmclock_set(&fixture->vmclock, 0x10, 8, 2);
    while (fixture->kernel.n_steps == 0)
        g_main_context_iteration(NULL, TRUE);
    let_readings_pass(fixture, 5);
    assert_one_disruption(fixture, "vmclock-marker");

    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESTORED, 1);
    wait_for(&fixture->host.n_acks, 1);
    let_readings_pass(fixture, 5);

    assert_one_disruption(fixture, "vmclock-marker");
    /* hostd hears what was done about its event. */
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpint(ABS(fixture->host.ack.offset_ns - 60 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
}

static void
test_marker_on_a_right_clock_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_vmclock_set(&fixture->vmclock, 0x10, 8, 2);
    while (vt_agent_look(fixture->agent).status.n_disruptions == 0)
        g_main_context_iteration(NULL, TRUE);
    let_readings_pass(fixture, 5);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_TRACKING);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
}

#define add(path, function) \
    g_test_add("/agent/signs/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/signs/switched-clocksource-is-a-weak-hint",
                    test_switched_clocksource_is_a_weak_hint);
    g_test_add_func("/agent/signs/uevents-are-weak-hints", test_uevents_are_weak_hints);
    g_test_add_func("/agent/signs/logind-tells-of-sleep-before-and-after",
                    test_logind_tells_of_sleep_before_and_after);
    add("notice-before-the-page-is-seen-is-one-event",
        test_notice_before_the_page_is_seen_is_one_event);
    add("page-before-the-notice-is-one-event", test_page_before_the_notice_is_one_event);
    add("marker-on-a-right-clock-moves-nothing", test_marker_on_a_right_clock_moves_nothing);
    return g_test_run();
}
