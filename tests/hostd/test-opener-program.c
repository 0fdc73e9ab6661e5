/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program itself: its settings and how it leaves. Its path is the test's last argument. */
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

typedef struct {
    const char *program;
    char *folder;
    char *config_path;
    char *output;
    int exit_code;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->program = data;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->config_path = g_build_filename(fixture->folder, "opener.conf", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    (void)g_unlink(fixture->config_path);
    (void)g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->config_path);
    g_free(fixture->output);
}

static void
write_config(Fixture *fixture, const char *text, int mode)
{
    g_assert_true(g_file_set_contents(fixture->config_path, text, -1, NULL));
    g_assert_cmpint(g_chmod(fixture->config_path, mode), ==, 0);
}

static void
run_program(Fixture *fixture, const char *option)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) process = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &error,
        fixture->program, "-f", "-c", fixture->config_path, option, NULL);
    g_assert_no_error(error);
    g_assert_true(
        g_subprocess_communicate_utf8(process, NULL, NULL, &fixture->output, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_if_exited(process));
    fixture->exit_code = g_subprocess_get_exit_status(process);
}

static void
test_takes_settings_of_its_own_user(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_config(fixture, "[opener]\nfolders=/srv/a /srv/b\n", 0644);

    run_program(fixture, "--check-config");

    g_assert_cmpint(fixture->exit_code, ==, 0);
}

static void
test_refuses_settings_that_others_can_write(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_config(fixture, "[opener]\n", 0664);

    run_program(fixture, "--check-config");

    g_assert_cmpint(fixture->exit_code, ==, 2);
    g_assert_nonnull(strstr(fixture->output, "others than root can write it"));
}

static void
test_refuses_relative_folders(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_config(fixture, "[opener]\nfolders=srv/a\n", 0644);

    run_program(fixture, "--check-config");

    g_assert_cmpint(fixture->exit_code, ==, 2);
    g_assert_nonnull(strstr(fixture->output, "'srv/a' is not an absolute path"));
}

static void
test_needs_the_user_that_may_ask(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_config(fixture, "[opener]\nuser=no-such-user-here\n", 0644);

    run_program(fixture, "--debug");

    g_assert_cmpint(fixture->exit_code, ==, 2);
    g_assert_nonnull(strstr(fixture->output, "there is no user 'no-such-user-here'"));
}

#define add(path, function) \
    g_test_add("/hostd/opener-program/" path, Fixture, argv[1], set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    add("takes-settings-of-its-own-user", test_takes_settings_of_its_own_user);
    add("refuses-settings-that-others-can-write", test_refuses_settings_that_others_can_write);
    add("refuses-relative-folders", test_refuses_relative_folders);
    add("needs-the-user-that-may-ask", test_needs_the_user_that_may_ask);
    return g_test_run();
}
