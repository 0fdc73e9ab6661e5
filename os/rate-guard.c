/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/rate-guard.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/error.h"
#include "os/fd.h"

typedef enum {
    WORD_ARM,
    WORD_TOUCH,
    WORD_DISARM,
} Word;

/* Both ends are this very program. */
typedef struct {
    Word word;
    double base_rate_ppb;
} Message;

struct VtRateGuard {
    VtFd fd;
    pid_t child;
    bool is_armed;
};

static void
go_back(VtRateWatch *watch)
{
    double taken_ppb;
    if (watch->is_armed)
        /* Nobody could be told, and nothing else could be tried. */
        (void)vt_clock_set_rate(watch->clock, watch->base_rate_ppb, &taken_ppb, NULL);
    watch->is_armed = false;
}

static void
take(VtRateWatch *watch, const Message *message)
{
    switch (message->word) {
    case WORD_ARM:
        watch->is_armed = true;
        watch->base_rate_ppb = message->base_rate_ppb;
        break;
    case WORD_DISARM:
        watch->is_armed = false;
        break;
    case WORD_TOUCH:
        break;
    }
}

bool
vt_rate_watch_go_on(VtRateWatch *watch)
{
    struct pollfd pollfd = { .fd = watch->fd, .events = POLLIN };
    int wait_ms = watch->is_armed ? (int)(watch->silence_ns / VT_NS_PER_MS) : -1;
    int n_ready = poll(&pollfd, 1, wait_ms);
    if (n_ready < 0)
        return errno == EINTR;
    if (n_ready == 0) {
        go_back(watch);
        return true;
    }
    Message message;
    ssize_t n_bytes = recv(watch->fd, &message, sizeof message, 0);
    if (n_bytes != sizeof message) {
        go_back(watch);
        return false;
    }
    take(watch, &message);
    return true;
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
    ssize_t n_bytes = send(guard->fd, message, sizeof *message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n_bytes == sizeof *message;
}

bool
vt_rate_guard_arm(VtRateGuard *guard, double base_rate_ppb)
{
    Message message = { .word = WORD_ARM, .base_rate_ppb = base_rate_ppb };
    guard->is_armed = tell(guard, &message);
    return guard->is_armed;
}

void
vt_rate_guard_touch(VtRateGuard *guard)
{
    Message message = { .word = WORD_TOUCH };
    if (guard->is_armed)
        (void)tell(guard, &message); /* lost: the clock goes back to its base rate early */
}

void
vt_rate_guard_disarm(VtRateGuard *guard)
{
    Message message = { .word = WORD_DISARM };
    if (guard->is_armed)
        guard->is_armed = !tell(guard, &message);
}
