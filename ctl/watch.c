/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"

/* A second screen, without cursor, without wrapping of what is too long for it. */
#define ENTER_SCREEN "\x1b[?1049h\x1b[?25l\x1b[?7l"
#define LEAVE_SCREEN "\x1b[?7h\x1b[?25h\x1b[?1049l"
#define GO_HOME      "\x1b[H"
#define CLEAR_LINE   "\x1b[K"
#define CLEAR_BELOW  "\x1b[J"

#define DEFAULT_ROWS 24

static int
listen_for_end(GError **error)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    /* A reader that goes away is an ordinary end. */
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) {
        (void)vt_error_set_errno(error, EINVAL, "cannot block signals");
        return -1;
    }
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        (void)vt_error_set_errno(error, errno, "cannot wait for signals");
    return fd;
}

/* True: somebody ended it. */
static bool
sleep_until(gint64 until_us, int fd)
{
    for (;;) {
        gint64 rest_us = until_us - g_get_monotonic_time();
        struct timespec rest = vt_ns_to_timespec(MAX(rest_us, 0) * VT_NS_PER_US);
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        int n_ready = ppoll(&poll_fd, 1, &rest, NULL);
        if (n_ready > 0)
            return true;
        if (n_ready == 0)
            return false;
        if (errno != EINTR)
            return true;
    }
}

static unsigned
count_rows(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
        return DEFAULT_ROWS;
    return size.ws_row;
}

/* What does not fit is left out: a screen that scrolls cannot be read. */
static void
append_screen(GString *output, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n_rows = count_rows();

    g_string_append(output, GO_HOME);
    for (unsigned i = 0; lines[i] != NULL && i < n_rows; i++)
        g_string_append_printf(output, "%s%s%s", i > 0 ? "\r\n" : "", lines[i], CLEAR_LINE);
    g_string_append(output, CLEAR_BELOW);
}

static bool
print(const char *text)
{
    return fputs(text, stdout) != EOF && fflush(stdout) != EOF;
}

static bool
show(const char *text, bool is_terminal, bool is_first)
{
    g_autoptr(GString) output = g_string_new(NULL);

    if (is_terminal)
        append_screen(output, text);
    else
        g_string_append_printf(output, "%s%s", is_first ? "" : "\n", text);
    return print(output->str);
}

static char *
run_once(const VtCommand *command, const VtRequest *request, bool is_first, GError **error)
{
    g_autoptr(GError) problem = NULL;
    char *answer = command->run(request, &problem);

    if (answer == NULL && !is_first)
        return g_strdup_printf("%s: %s\n", g_get_prgname(), problem->message);
    if (answer == NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return answer;
}

bool
vt_watch_run(const VtCommand *command, const VtRequest *request, VtNs every_ns, GError **error)
{
    bool is_terminal = isatty(STDOUT_FILENO) != 0;
    gint64 next_us = g_get_monotonic_time();
    int fd = listen_for_end(error);
    if (fd < 0)
        return false;

    for (bool is_first = true;; is_first = false) {
        g_autofree char *answer = run_once(command, request, is_first, error);
        if (answer == NULL)
            break;
        if (is_first && is_terminal)
            (void)print(ENTER_SCREEN); /* a failure shows at once, in what follows */
        next_us = MAX(next_us + every_ns / VT_NS_PER_US, g_get_monotonic_time());
        if (!show(answer, is_terminal, is_first) || sleep_until(next_us, fd)) {
            if (is_terminal)
                (void)print(LEAVE_SCREEN);
            close(fd);
            return true;
        }
    }
    close(fd);
    return false;
}
