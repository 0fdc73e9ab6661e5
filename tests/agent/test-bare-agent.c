/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent as a program where there is next to nothing, as in a container or a simulator of
 * networks: no rights, no bus, no link, nowhere to write to; a server by its number. It is then one
 * thread, which waits by poll and hears signals by a signalfd.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/agent/fake-ntp.h"
#include "tests/os/threads.h"

#define NOBODY 65534

/* It asks up to 20 times a second at the start. */
#define ENOUGH_REQUESTS 8
#define PATIENCE_MS     20000

typedef struct {
    FakeKernel kernel;
    FakeNtp server;
    char *folder;
    GPid agent;
} Fixture;

/* In the child: whoever runs this test, nothing of this machine is to be changed. */
static void
give_up_rights(gpointer user_data)
{
    (void)user_data;
    const struct rlimit none = { 0 };
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)setrlimit(RLIMIT_RTPRIO, &none);
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        _exit(99);
}

static char *
write_settings(const Fixture *fixture)
{
    char *path = g_build_filename(fixture->folder, "agent.conf", NULL);
    g_autofree char *text = g_strdup_printf("[agent]\n"
                                            "mode=monitor\n"
                                            "rtc-watch=off\n"
                                            "control-socket=/nonexistent/control\n"
                                            "[clock card]\n"
                                            "device=/nonexistent/ptp0\n"
                                            "[server one]\n"
                                            "address=127.0.0.1\n"
                                            "port=%u\n"
                                            "local=yes\n",
                                            fixture->server.port);
    g_assert_true(
        g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
    return path;
}

static void
start_agent(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *settings = write_settings(fixture);
    const char *program = g_getenv("VT_AGENT_PROGRAM");
    g_assert_nonnull(program);
    const char *arguments[] = { program, "-f", "-c", settings, NULL };
    g_auto(GStrv) environment = g_get_environ();
    environment = g_environ_unsetenv(environment, "G_DEBUG");
    environment = g_environ_unsetenv(environment, "NOTIFY_SOCKET");
    environment = g_environ_setenv(environment, "DBUS_SYSTEM_BUS_ADDRESS",
                                   "unix:path=/nonexistent/bus", TRUE);
    (void)g_spawn_async(NULL, (char **)arguments, environment, G_SPAWN_DO_NOT_REAP_CHILD,
                        give_up_rights, NULL, &fixture->agent, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    VtWall now = { .ns = vt_ns_mul(g_get_real_time(), VT_NS_PER_US) };
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fake_ntp_init(&fixture->server, &fixture->kernel);
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_assert_cmpint(chmod(fixture->folder, 0755), ==, 0);
    start_agent(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *settings = g_build_filename(fixture->folder, "agent.conf", NULL);
    (void)data;
    (void)kill(fixture->agent, SIGKILL);
    while (waitpid(fixture->agent, NULL, 0) < 0 && errno == EINTR)
        continue;
    fake_ntp_clear(&fixture->server);
    g_assert_cmpint(unlink(settings), ==, 0);
    g_assert_cmpint(rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
}

static gboolean
on_over(gpointer user_data)
{
    bool *is_over = user_data;
    *is_over = true;
    return G_SOURCE_REMOVE;
}

/* The server's clock runs meanwhile, in steps of its requests. */
static void
wait_for_requests(Fixture *fixture, unsigned n_requests)
{
    bool is_over = false;
    guint timer = g_timeout_add(PATIENCE_MS, on_over, &is_over);
    gint64 before_us = g_get_monotonic_time();
    while (fixture->server.n_requests < n_requests && !is_over) {
        g_main_context_iteration(NULL, TRUE);
        gint64 now_us = g_get_monotonic_time();
        fake_kernel_pass(&fixture->kernel, (now_us - before_us) * VT_NS_PER_US);
        before_us = now_us;
    }
    g_assert_cmpuint(fixture->server.n_requests, >=, n_requests);
    g_source_remove(timer);
}

/* Whether one of its files is such, as its link in /proc says. */
static bool
has_file(const Fixture *fixture, const char *kind)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", fixture->agent);
    g_autoptr(GDir) files = g_dir_open(path, 0, NULL);
    g_assert_nonnull(files);
    for (const char *name = g_dir_read_name(files); name != NULL;
         name = g_dir_read_name(files)) {
        g_autofree char *link = g_build_filename(path, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);
        if (target != NULL && strstr(target, kind) != NULL)
            return true;
    }
    return false;
}

static void
test_is_one_thread_that_polls(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (unsigned i = 1; i <= ENOUGH_REQUESTS; i++) {
        wait_for_requests(fixture, i);
        g_assert_cmpuint(count_threads(fixture->agent), ==, 1);
    }
    g_assert_true(has_file(fixture, "signalfd"));
    g_assert_false(has_file(fixture, "eventpoll"));
}

static void
test_ends_when_told_to(Fixture *fixture, gconstpointer data)
{
    int status;
    (void)data;
    wait_for_requests(fixture, 1);
    g_assert_cmpint(kill(fixture->agent, SIGTERM), ==, 0);
    g_assert_cmpint(waitpid(fixture->agent, &status, 0), ==, fixture->agent);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/agent/bare-agent/is-one-thread-that-polls", Fixture, NULL, set_up,
               test_is_one_thread_that_polls, tear_down);
    g_test_add("/agent/bare-agent/ends-when-told-to", Fixture, NULL, set_up,
               test_ends_when_told_to, tear_down);
    return g_test_run();
}
