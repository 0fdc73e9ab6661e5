/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "agent/owner.h"
#include "tests/agent/fake-proc.h"

#define PID 2000000000

static void
set_up(FakeProc *proc, gconstpointer data)
{
    (void)data;
    fake_proc_init(proc);
}

static void
tear_down(FakeProc *proc, gconstpointer data)
{
    (void)data;
    fake_proc_clear(proc);
}

static void
test_names_the_daemon_that_owns_the_clock(FakeProc *proc, gconstpointer data)
{
    static const struct {
        const char *comm;
        const char *name;
        VtOwnerKind kind;
    } rows[] = {
        { "chronyd", "chronyd", VT_OWNER_CHRONYD },
        { "systemd-timesyn", "systemd-timesyncd", VT_OWNER_OTHER },
        { "ntpd", "ntpd", VT_OWNER_OTHER },
        { "ntp-daemon", "ntpd-rs", VT_OWNER_OTHER },
        { "virt-time-agent", "virt-time-agent", VT_OWNER_SELF },
    };
    VtOwnerPlaces places = fake_proc_get_places(proc);
    (void)data;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtOwnerView) view = { 0 };
        fake_proc_add(proc, PID, rows[i].comm, true);

        vt_owner_look(&places, &view);

        g_assert_cmpint(view.owner.kind, ==, rows[i].kind);
        g_assert_cmpstr(view.owner.name, ==, rows[i].name);
        g_assert_cmpint(view.owner.pid, ==, PID);
        g_assert_true(vt_owner_is_alive(&places, &view.owner));
        fake_proc_remove(proc, PID);
        g_assert_false(vt_owner_is_alive(&places, &view.owner));
    }
}

static void
test_other_processes_own_nothing(FakeProc *proc, gconstpointer data)
{
    g_auto(VtOwnerView) view = { 0 };
    VtOwnerPlaces places = fake_proc_get_places(proc);
    (void)data;
    fake_proc_add(proc, PID, "bash", true);
    fake_proc_add(proc, PID + 1, "chronyd-restric", true);
    fake_proc_add(proc, (int)getpid(), "virt-time-agent", true);

    vt_owner_look(&places, &view);

    g_assert_cmpint(view.owner.kind, ==, VT_OWNER_NONE);
    g_assert_cmpstr(view.writers, ==, "");
}

/* chronyd -x serves the time and leaves the clock alone. */
static void
test_daemon_without_the_right_owns_nothing(FakeProc *proc, gconstpointer data)
{
    g_auto(VtOwnerView) view = { 0 };
    VtOwnerPlaces places = fake_proc_get_places(proc);
    (void)data;
    fake_proc_add(proc, PID, "chronyd", false);

    vt_owner_look(&places, &view);

    g_assert_cmpint(view.owner.kind, ==, VT_OWNER_NONE);
}

/* As the rate's guard is, before it has named itself. */
static void
test_own_child_owns_nothing(FakeProc *proc, gconstpointer data)
{
    g_auto(VtOwnerView) view = { 0 };
    VtOwnerPlaces places = fake_proc_get_places(proc);
    (void)data;
    fake_proc_add_child(proc, PID, "virt-time-agent", getpid());

    vt_owner_look(&places, &view);

    g_assert_cmpint(view.owner.kind, ==, VT_OWNER_NONE);
}

static void
test_writers_are_named(FakeProc *proc, gconstpointer data)
{
    static const struct {
        const char *comm;
        const char *name;
    } rows[] = {
        { "vmtoolsd", "vmtoolsd" },
        { "VBoxService", "VBoxService" },
        { "xe-daemon", "xe-guest-utilities" },
        { "qemu-ga", "qemu-ga (virsh domtime)" },
        { "systemd-timedat", "timedatectl" },
        { "ntpdate", "ntpdate" },
    };
    VtOwnerPlaces places = fake_proc_get_places(proc);
    (void)data;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(VtOwnerView) view = { 0 };
        fake_proc_add(proc, PID, rows[i].comm, true);
        fake_proc_add(proc, PID + 1, rows[i].comm, true);

        vt_owner_look(&places, &view);

        g_assert_cmpstr(view.writers, ==, rows[i].name);
        g_assert_cmpint(view.owner.kind, ==, VT_OWNER_NONE);
        fake_proc_remove(proc, PID);
        fake_proc_remove(proc, PID + 1);
    }
}

static void
test_kernel_writer_is_named(FakeProc *proc, gconstpointer data)
{
    g_auto(VtOwnerView) view = { 0 };
    g_autofree char *module = g_build_filename(proc->folder, "hv_utils", NULL);
    VtOwnerPlaces places = { .module_path = proc->folder };
    (void)data;
    g_assert_cmpint(g_mkdir_with_parents(module, 0700), ==, 0);

    vt_owner_look(&places, &view);

    g_assert_cmpstr(view.writers, ==, "hv_utils");
}

static void
test_signs_are_told_from_other_units(void)
{
    g_assert_true(vt_owner_is_sign("invocation:chrony.service"));
    g_assert_true(vt_owner_is_sign("invocation:chronyd.service"));
    g_assert_true(vt_owner_is_sign("invocation:systemd-timesyncd.service"));
    g_assert_true(vt_owner_is_sign("invocation:ntpsec.service"));
    g_assert_true(vt_owner_is_sign("chrony"));
    g_assert_false(vt_owner_is_sign("invocation:ssh.service"));
    g_assert_false(vt_owner_is_sign("user"));
}

static void
add(const char *name, void (*test)(FakeProc *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/owner/", name, NULL);
    g_test_add(path, FakeProc, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("names-the-daemon-that-owns-the-clock", test_names_the_daemon_that_owns_the_clock);
    add("other-processes-own-nothing", test_other_processes_own_nothing);
    add("daemon-without-the-right-owns-nothing", test_daemon_without_the_right_owns_nothing);
    add("own-child-owns-nothing", test_own_child_owns_nothing);
    add("writers-are-named", test_writers_are_named);
    add("kernel-writer-is-named", test_kernel_writer_is_named);
    g_test_add_func("/agent/owner/signs-are-told-from-other-units",
                    test_signs_are_told_from_other_units);
    return g_test_run();
}
