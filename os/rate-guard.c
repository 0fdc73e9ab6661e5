/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/rate-guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/error.h"
#include "os/fd.h"
#include "os/process.h"

/* Both ends are this very program. */
typedef struct {
    bool is_armed;
    double base_rate_ppb; /* if so */
} Message;

struct VtRateGuard {
    VtFd fd;
    pid_t child;
    bool is_armed;
};

static void
go_back(VtRateWatch *watch)
{
    int error_code = errno;
    double taken_ppb;
    if (watch->is_armed)
        /* Nobody could be told, and nothing else could be tried. */
        (void)vt_clock_set_rate(watch->clock, watch->base_rate_ppb, &taken_ppb, NULL);
    watch->is_armed = false;
    errno = error_code;
}

/* While nothing is armed there is nothing to wake up for. */
static void
set_silence(const VtRateWatch *watch)
{
    VtNs silence_ns = watch->is_armed ? watch->silence_ns : 0;
    struct timeval silence = {
        .tv_sec = silence_ns / VT_NS_PER_SEC,
        .tv_usec = silence_ns % VT_NS_PER_SEC / VT_NS_PER_US,
    };
    (void)setsockopt(watch->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
}

/*
 * read() and write(), here and below: a simulator of networks puts functions of its own before
 * those of the C library, and its send() and recv() know only the sockets of its network.
 */
bool
vt_rate_watch_go_on(VtRateWatch *watch)
{
    Message message;
    set_silence(watch);
    ssize_t n_bytes = read(watch->fd, &message, sizeof message);
    if (n_bytes == sizeof message) {
        watch->is_armed = message.is_armed;
        watch->base_rate_ppb = message.base_rate_ppb;
        return true;
    }
    if (n_bytes < 0 && errno == EINTR)
        return true;
    go_back(watch);
    return n_bytes < 0 && errno == EAGAIN;
}

G_NORETURN static void
be_child(int fd, VtClock *clock)
{
    VtRateWatch watch = {
        .fd = fd,
        .clock = clock,
        .silence_ns = VT_RATE_GUARD_SILENCE_NS,
    };
    (void)prctl(PR_SET_NAME, "vt-rate-guard"); /* for those who look at the list */
    (void)vt_process_raise_priority(NULL);     /* a gain, not a need */
    while (vt_rate_watch_go_on(&watch))
        continue;
    /* Not exit(): what the parent wants done at its end is not for the child to do. */
    _exit(EXIT_SUCCESS);
}

VtRateGuard *
vt_rate_guard_new(VtClock *clock, GError **error)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        vt_error_set_errno(error, errno, "cannot make a socket for the rate's guard");
        return NULL;
    }
    g_auto(VtFd) ours = fds[0];
    g_auto(VtFd) theirs = fds[1];
    (void)fcntl(ours, F_SETFL, O_NONBLOCK); /* a guard that does not listen is none */
    (void)signal(SIGPIPE, SIG_IGN);         /* nor is one that is gone, and that is all */
    pid_t child = fork();
    if (child < 0) {
        vt_error_set_errno(error, errno, "cannot make the rate's guard");
        return NULL;
    }
    if (child == 0) {
        vt_fd_close(&ours);
        be_child(theirs, clock);
    }
    VtRateGuard *guard = g_new0(VtRateGuard, 1);
    guard->fd = vt_fd_steal(&ours);
    guard->child = child;
    return guard;
}

void
vt_rate_guard_free(VtRateGuard *guard)
{
    if (guard == NULL)
        return;
    vt_fd_close(&guard->fd);
    while (waitpid(guard->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    g_free(guard);
}

static bool
tell(VtRateGuard *guard, const Message *message)
{
    return write(guard->fd, message, sizeof *message) == sizeof *message;
}

bool
vt_rate_guard_arm(VtRateGuard *guard, double base_rate_ppb)
{
    Message message = { .is_armed = true, .base_rate_ppb = base_rate_ppb };
    guard->is_armed = tell(guard, &message);
    return guard->is_armed;
}

void
vt_rate_guard_disarm(VtRateGuard *guard)
{
    Message message = { .is_armed = false };
    if (guard->is_armed)
        guard->is_armed = !tell(guard, &message);
}
