/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include <glib/gstdio.h>

#include "agent/owner.h"

static char *
make_process(const char *proc, const char *pid, const char *name)
{
    g_autofree char *folder = g_build_filename(proc, pid, NULL);
    char *path = g_build_filename(folder, "comm", NULL);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, name, -1, NULL));
    return path;
}

static void
remove_process(char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(path);
}

static void
test_names_the_daemon_that_owns_the_clock(void)
{
    static const char *const names[] = {
        "chronyd\n", "systemd-timesyn\n", "ntpd\n", "ntp-daemon\n", "virt-time-agent\n",
    };
    g_autofree char *proc = g_dir_make_tmp("virt-time-XXXXXX", NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(VtOwner) owner = { 0 };
        g_autofree char *expected = g_strstrip(g_strdup(names[i]));
        char *path = make_process(proc, "2000000000", names[i]);

        g_assert_true(vt_owner_find(proc, &owner));

        g_assert_cmpstr(owner.name, ==, expected);
        g_assert_cmpint(owner.pid, ==, 2000000000);
        remove_process(path);
    }
    g_rmdir(proc);
}

static void
test_other_processes_own_nothing(void)
{
    g_autofree char *proc = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_auto(VtOwner) owner = { 0 };
    char *shell = make_process(proc, "2000000000", "bash\n");
    char *prefix = make_process(proc, "2000000001", "chronyd-restric\n");
    char *no_process = make_process(proc, "chronyd", "chronyd\n");
    g_autofree char *own_pid = g_strdup_printf("%d", getpid());
    char *self = make_process(proc, own_pid, "virt-time-agent\n");

    g_assert_false(vt_owner_find(proc, &owner));

    g_assert_null(owner.name);
    remove_process(shell);
    remove_process(prefix);
    remove_process(no_process);
    remove_process(self);
    g_rmdir(proc);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/owner/names-the-daemon-that-owns-the-clock",
                    test_names_the_daemon_that_owns_the_clock);
    g_test_add_func("/agent/owner/other-processes-own-nothing",
                    test_other_processes_own_nothing);
    return g_test_run();
}
