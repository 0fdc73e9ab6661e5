/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live view, and what is different on a terminal. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static const char good[] = "[{'name': <'link'>, 'sign': <'*'>}]";

/* virt-timectl, writing to a pipe or to a terminal that the test reads. */
typedef struct {
    GSubprocess *process;
    int output_fd;
    GString *output;
} Running;

static void
running_clear(Running *running)
{
    g_clear_object(&running->process);
    close(running->output_fd);
    g_string_free(running->output, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Running, running_clear)

static int
open_terminal(int *ret_reader)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(master, >=, 0);
    g_assert_cmpint(grantpt(master), ==, 0);
    g_assert_cmpint(unlockpt(master), ==, 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(slave, >=, 0);
    *ret_reader = master;
    return slave;
}

static int
open_pipe(int *ret_reader)
{
    int fds[2];
    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    *ret_reader = fds[0];
    return fds[1];
}

static Running
start(bool is_terminal, const char *no_color, const char *const *words)
{
    Running running = { .output = g_string_new(NULL) };
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    int writer =
        is_terminal ? open_terminal(&running.output_fd) : open_pipe(&running.output_fd);

    g_assert_cmpint(fcntl(running.output_fd, F_SETFL, O_NONBLOCK), ==, 0);
    g_subprocess_launcher_take_stdout_fd(launcher, writer);
    g_subprocess_launcher_setenv(launcher, "TERM", "xterm", TRUE);
    g_subprocess_launcher_setenv(launcher, "NO_COLOR", no_color, TRUE);
    g_strv_builder_add(builder, timectl_get_path());
    g_strv_builder_addv(builder, (const char **)words);
    g_auto(GStrv) line = g_strv_builder_end(builder);
    running.process = g_subprocess_launcher_spawnv(launcher, (const char *const *)line, &error);
    g_assert_no_error(error);
    return running;
}

static gboolean
on_later(gpointer user_data)
{
    bool *is_later = user_data;
    *is_later = true;
    return G_SOURCE_REMOVE;
}

/* Turns the main loop, in which the fake daemon answers, for a moment. */
static void
turn(void)
{
    bool is_later = false;
    g_timeout_add(5, on_later, &is_later);
    while (!is_later)
        g_main_context_iteration(NULL, TRUE);
}

static unsigned
count(const char *text, const char *part)
{
    unsigned n_found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        n_found++;
    return n_found;
}

static void
read_until(Running *running, const char *part, unsigned n_times)
{
    for (unsigned n_turns = 0; count(running->output->str, part) < n_times; n_turns++) {
        char bytes[4096];
        ssize_t n_bytes = read(running->output_fd, bytes, sizeof bytes);
        g_assert_cmpuint(n_turns, <, 2000);
        if (n_bytes > 0)
            g_string_append_len(running->output, bytes, n_bytes);
        else
            turn();
    }
}

static void
on_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
    bool *has_ended = user_data;
    g_assert_true(g_subprocess_wait_finish(G_SUBPROCESS(source), result, NULL));
    *has_ended = true;
}

static void
assert_ends_well(Running *running)
{
    bool has_ended = false;
    g_subprocess_wait_async(running->process, NULL, on_ended, &has_ended);
    while (!has_ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(g_subprocess_get_if_exited(running->process));
    g_assert_cmpint(g_subprocess_get_exit_status(running->process), ==, 0);
}

static void
test_answers_follow_one_another_in_a_pipe(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *const words[] = { "sources", "--watch=100ms", "--socket",
                                  fake_daemon_get_agent_path(daemon), NULL };
    fake_daemon_set_sources(daemon, good);

    g_auto(Running) running = start(false, "", words);
    read_until(&running, "MS  NAME", 3);
    g_subprocess_send_signal(running.process, SIGTERM);

    assert_ends_well(&running);
    g_assert_null(strchr(running.output->str, '\x1b'));
    g_assert_nonnull(strstr(running.output->str, "\n\nMS  NAME"));
}

static void
test_screen_is_given_back(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *const words[] = { "sources", "--watch=100ms", "--socket",
                                  fake_daemon_get_agent_path(daemon), NULL };
    fake_daemon_set_sources(daemon, good);

    g_auto(Running) running = start(true, "", words);
    read_until(&running, "MS  NAME", 2);
    g_subprocess_send_signal(running.process, SIGINT);
    read_until(&running, "\x1b[?1049l", 1);

    assert_ends_well(&running);
    g_assert_cmpuint(count(running.output->str, "\x1b[?1049h"), ==, 1);
    g_assert_cmpuint(count(running.output->str, "\x1b[H"), >=, 2);
}

static void
test_daemon_that_goes_away_is_waited_for(void)
{
    FakeDaemon *daemon = fake_daemon_new();
    g_autofree char *path = g_strdup(fake_daemon_get_agent_path(daemon));
    const char *const words[] = { "sources", "--watch=100ms", "--socket", path, NULL };
    fake_daemon_set_sources(daemon, good);

    g_auto(Running) running = start(false, "", words);
    read_until(&running, "MS  NAME", 1);
    fake_daemon_free(daemon);
    read_until(&running, "is not running", 1);
    g_subprocess_send_signal(running.process, SIGTERM);

    assert_ends_well(&running);
}

static void
test_daemon_that_is_not_there_at_first_is_an_error(void)
{
    g_auto(Outcome) outcome = RUN("sources", "--watch", "--socket", "/nonexistent/socket");

    g_assert_cmpint(outcome.exit_code, ==, 1);
    g_assert_cmpstr(outcome.output, ==, "");
}

static void
test_colours_are_for_terminals_that_want_them(void)
{
    static const struct {
        bool is_terminal;
        const char *no_color;
        bool is_coloured;
    } rows[] = { { true, "", true }, { true, "1", false }, { false, "", false } };
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *const words[] = { "sources", "--socket", fake_daemon_get_agent_path(daemon),
                                  NULL };
    fake_daemon_set_sources(daemon, good);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Running) running = start(rows[i].is_terminal, rows[i].no_color, words);
        read_until(&running, "link", 1);
        bool is_coloured = strstr(running.output->str, "\x1b[32m#*") != NULL;
        g_assert_cmpint(is_coloured, ==, rows[i].is_coloured);
        assert_ends_well(&running);
    }
}

static void
test_span_is_checked(void)
{
    static const char *const rows[][3] = {
        { "sources", "--watch=1ms", NULL },
        { "sources", "--watch=often", NULL },
        { "sources", "-w1ms", NULL },
        { "waitsync", "--watch", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome = timectl_run(rows[i]);
        g_assert_cmpint(outcome.exit_code, ==, 2);
    }
}

static void
test_span_may_stand_behind_a_blank(void)
{
    g_auto(Outcome) behind = RUN("sources", "--watch", "1ms");
    g_auto(Outcome) before = RUN("-w", "1ms", "sources");

    g_assert_true(g_str_has_prefix(behind.errors, "virt-timectl: --watch cannot be shorter"));
    g_assert_true(g_str_has_prefix(before.errors, "virt-timectl: --watch cannot be shorter"));
}

#define ADD(name, function) g_test_add_func("/ctl/watch/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("answers-follow-one-another-in-a-pipe", test_answers_follow_one_another_in_a_pipe);
    ADD("screen-is-given-back", test_screen_is_given_back);
    ADD("daemon-that-goes-away-is-waited-for", test_daemon_that_goes_away_is_waited_for);
    ADD("daemon-that-is-not-there-at-first-is-an-error",
        test_daemon_that_is_not_there_at_first_is_an_error);
    ADD("colours-are-for-terminals-that-want-them",
        test_colours_are_for_terminals_that_want_them);
    ADD("span-is-checked", test_span_is_checked);
    ADD("span-may-stand-behind-a-blank", test_span_may_stand_behind_a_blank);
    return g_test_run();
}
