/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent beside another time daemon, over a simulated kernel that counts writes. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "agent/agent.h"
#include "agent/chrony-helper.h"
#include "agent/tracking.h"
#include "proto/chrony-command.h"
#include "proto/chrony-sock.h"
#include "tests/agent/fake-chrony.h"
#include "tests/agent/fake-proc.h"
#include "tests/agent/linked-agent.h"
#include "tests/agent/waiting.h"

#define CHRONYD_PID 2000000000

/* What chronyd leaves in the kernel: +12 ppm. */
#define CHRONYD_FREQUENCY (12 * 65536)

typedef struct {
    LinkedAgent guest;
    FakeProc proc;
    char *units;
    const char *helper_path; /* NULL: none */
    const char *feed_path;   /* NULL: none */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    linked_agent_set_up(&fixture->guest, data);
    fake_proc_init(&fixture->proc);
    fixture->units = g_dir_make_tmp("virt-time-XXXXXX", NULL);
}

static void
start(Fixture *fixture, VtAgentMode mode)
{
    const char *folders[] = { fixture->units, NULL };
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->guest.host),
        .mode = mode,
        .owner = { .where = fake_proc_get_places(&fixture->proc), .folders = folders },
        .feed_path = fixture->feed_path,
        .chrony_helper_path = fixture->helper_path,
        .clock_set = { .kernel = &fake_kernel_set_watch, .instance = &fixture->guest.kernel },
        .tick_ns = 5 * VT_NS_PER_MS,
    };
    fixture->guest.agent = vt_agent_new(&params, fixture->guest.clock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    linked_agent_tear_down(&fixture->guest, data);
    fake_proc_clear(&fixture->proc);
    g_assert_cmpint(g_rmdir(fixture->units), ==, 0);
    g_free(fixture->units);
}

/* Some readings later. */
static void
go_on(Fixture *fixture)
{
    wait_for_count(&fixture->guest.host.n_requests, fixture->guest.host.n_requests + 20);
}

static void
start_chronyd(Fixture *fixture)
{
    fake_proc_add(&fixture->proc, CHRONYD_PID, "chronyd", true);
}

static void
pause_guest(Fixture *fixture, VtNs lost_ns)
{
    unsigned n_acks = fixture->guest.host.n_acks;
    fixture->guest.host.epoch += 1;
    fixture->guest.host.ahead_ns += lost_ns;
    fake_host_send_notice(&fixture->guest.host, VT_LINK_CAUSE_RESUMED,
                          fixture->guest.host.epoch);
    wait_for_count(&fixture->guest.host.n_acks, n_acks + 1);
}

static void
test_disruption_is_stepped_and_nothing_else_touched(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    fixture->guest.kernel.frequency_scaled = CHRONYD_FREQUENCY;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);
    g_assert_cmpuint(fixture->guest.kernel.n_steps, ==, 0);

    pause_guest(fixture, 30 * VT_NS_PER_SEC);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);

    g_assert_cmpint(fixture->guest.host.ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpint(ABS(fixture->guest.host.ack.residual_ns), <, VT_NS_PER_MS);
    g_assert_cmpuint(fixture->guest.kernel.n_steps, ==, 1);
    g_assert_cmpuint(fixture->guest.kernel.n_slews, ==, 0);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, 0);
    g_assert_cmpint(fixture->guest.kernel.frequency_scaled, ==, CHRONYD_FREQUENCY);
}

/* With a helper, chronyd forgets before the step and measures after it. */
static void
test_chronyd_is_told_of_the_step(Fixture *fixture, gconstpointer data)
{
    FakeChrony chrony;
    (void)data;
    fake_chrony_init(&chrony);
    VtChronyHelperParams params = {
        .listen_fd = fake_chrony_listen_for_helper(&chrony),
        .group = getgid(),
        .chronyd_path = chrony.path,
    };
    VtChronyHelper *helper = vt_chrony_helper_new(&params);
    start_chronyd(fixture);
    fixture->helper_path = chrony.helper_path;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);

    pause_guest(fixture, 30 * VT_NS_PER_SEC);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);

    g_assert_cmpuint(fixture->guest.kernel.n_steps, ==, 1);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, 0);
    g_assert_cmpint(ABS(fixture->guest.host.ack.residual_ns), <, VT_NS_PER_MS);
    g_assert_cmpint(chrony.n_commands, ==, 2);
    g_assert_cmpuint(chrony.commands[0], ==, VT_CHRONY_RESET_SOURCES);
    g_assert_cmpuint(chrony.commands[1], ==, VT_CHRONY_BURST);
    g_assert_cmpstr(vt_agent_look(fixture->guest.agent).authority.told, ==, "yes");
    g_clear_pointer(&fixture->guest.agent, vt_agent_free);
    vt_chrony_helper_free(helper);
    fake_chrony_clear(&chrony);
}

/* chronyd opens its door for readings some time after it was seen. */
static void
test_chronyd_is_fed_once_it_listens(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "feed.sock", NULL);
    g_auto(VtFd) chronyd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    uint8_t sample[VT_CHRONY_SAMPLE_BYTES + 1];
    (void)data;
    start_chronyd(fixture);
    fixture->feed_path = path;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    g_assert_cmpint(vt_agent_look(fixture->guest.agent).authority.role, ==, VT_ROLE_ASSIST);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(chronyd, (struct sockaddr *)&address, sizeof address), ==, 0);
    go_on(fixture);

    g_assert_cmpint(vt_agent_look(fixture->guest.agent).authority.role, ==, VT_ROLE_FEED);
    g_assert_cmpint(recv(chronyd, sample, sizeof sample, 0), ==, VT_CHRONY_SAMPLE_BYTES);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, 0);
    g_clear_pointer(&fixture->guest.agent, vt_agent_free);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_yields_to_a_unit_that_starts(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *sign = g_build_filename(fixture->units, "invocation:chrony.service", NULL);
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_TRACKING);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, >, 0);

    start_chronyd(fixture);
    g_assert_cmpint(g_mkdir(sign, 0700), ==, 0);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    g_assert_cmpint(g_rmdir(sign), ==, 0);
    fixture->guest.kernel.frequency_scaled = CHRONYD_FREQUENCY;
    unsigned n_settings = fixture->guest.kernel.n_settings;
    go_on(fixture);

    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, n_settings);
    g_assert_cmpint(fixture->guest.kernel.frequency_scaled, ==, CHRONYD_FREQUENCY);
}

static void
test_yields_at_a_foreign_rate(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_TRACKING);
    go_on(fixture);

    start_chronyd(fixture);
    fixture->guest.kernel.frequency_scaled = CHRONYD_FREQUENCY;
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);

    g_assert_cmpint(fixture->guest.kernel.frequency_scaled, ==, CHRONYD_FREQUENCY);
    g_assert_cmpint(vt_agent_look(fixture->guest.agent).authority.role, ==, VT_ROLE_ASSIST);
}

static void
test_takes_over_when_the_owner_is_gone(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    fixture->guest.kernel.frequency_scaled = CHRONYD_FREQUENCY;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);

    fake_proc_remove(&fixture->proc, CHRONYD_PID);
    wait_for_state(fixture->guest.agent, VT_STATE_TRACKING);

    g_assert_cmpint(vt_agent_look(fixture->guest.agent).authority.role, ==, VT_ROLE_OWN);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, >, 0);
    g_assert_cmpint(fixture->guest.kernel.status & STA_UNSYNC, ==, 0);
}

static void
test_set_by_the_owner_is_left_as_it_is(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);
    go_on(fixture);

    fake_kernel_set_by_other(&fixture->guest.kernel, 3 * VT_NS_PER_SEC);
    go_on(fixture);

    g_assert_cmpuint(fixture->guest.kernel.n_steps, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->guest.agent).status.n_disruptions, ==, 0);
}

static void
test_own_does_not_begin_beside_another(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    start(fixture, VT_AGENT_MODE_OWN);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);

    pause_guest(fixture, 30 * VT_NS_PER_SEC);
    VtAgentView view = vt_agent_look(fixture->guest.agent);

    g_assert_cmpint(view.authority.role, ==, VT_ROLE_MONITOR);
    g_assert_cmpstr(view.problem, ==,
                    "chronyd steers the clock; mode=own does not begin beside it");
    g_assert_cmpuint(fixture->guest.kernel.n_steps, ==, 0);
    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, 0);
}

static void
test_end_beside_another_leaves_no_trace(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    fixture->guest.kernel.status = 0;
    start(fixture, VT_AGENT_MODE_AUTO);
    wait_for_state(fixture->guest.agent, VT_STATE_ASSIST);

    g_clear_pointer(&fixture->guest.agent, vt_agent_free);

    g_assert_cmpuint(fixture->guest.kernel.n_settings, ==, 0);
    g_assert_cmpint(fixture->guest.kernel.status & STA_UNSYNC, ==, 0);
}

static void
test_tracking_names_the_owner(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_chronyd(fixture);
    fake_proc_add(&fixture->proc, CHRONYD_PID + 1, "vmtoolsd", true);
    start(fixture, VT_AGENT_MODE_AUTO);
    VtAgentView view = vt_agent_look(fixture->guest.agent);
    g_autoptr(GVariant) tracking = g_variant_ref_sink(vt_tracking_to_variant(&view));
    const char *role = NULL;
    const char *owner = NULL;
    const char *writers = NULL;

    g_assert_true(g_variant_lookup(tracking, "role", "&s", &role));
    g_assert_true(g_variant_lookup(tracking, "clock-owner", "&s", &owner));
    g_assert_true(g_variant_lookup(tracking, "clock-setters", "&s", &writers));

    g_assert_cmpstr(role, ==, "assist");
    g_assert_cmpstr(owner, ==, "chronyd");
    g_assert_cmpstr(writers, ==, "vmtoolsd");
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/coexistence/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("disruption-is-stepped-and-nothing-else-touched",
        test_disruption_is_stepped_and_nothing_else_touched);
    add("chronyd-is-told-of-the-step", test_chronyd_is_told_of_the_step);
    add("chronyd-is-fed-once-it-listens", test_chronyd_is_fed_once_it_listens);
    add("yields-to-a-unit-that-starts", test_yields_to_a_unit_that_starts);
    add("yields-at-a-foreign-rate", test_yields_at_a_foreign_rate);
    add("takes-over-when-the-owner-is-gone", test_takes_over_when_the_owner_is_gone);
    add("set-by-the-owner-is-left-as-it-is", test_set_by_the_owner_is_left_as_it_is);
    add("own-does-not-begin-beside-another", test_own_does_not_begin_beside_another);
    add("end-beside-another-leaves-no-trace", test_end_beside_another_leaves_no_trace);
    add("tracking-names-the-owner", test_tracking_names_the_owner);
    return g_test_run();
}
