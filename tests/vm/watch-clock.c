/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches the guest's clock from inside: how often it was set in one move, as the kernel tells, by
 * how much, and how often another rate was given. Ends at SIGTERM and prints what it counted:
 *
 *     sets 1 backward 0 moved-ns 59998123456 rates 12
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC  INT64_C(1000000000)
#define INTERVAL_MS 10

/* Below, a move may be what a rate of 10 % made of the interval, or the price of a reading. */
#define LEAST_MOVE_NS INT64_C(5000000)

typedef struct {
    unsigned n_sets;
    unsigned n_backward;
    int64_t moved_ns;
    unsigned n_rates;
    int64_t ahead_ns; /* REALTIME of MONOTONIC_RAW, at the last look */
    long frequency;
    long tick;
} Counts;

static int64_t
read_clock(clockid_t id)
{
    struct timespec at;
    (void)clock_gettime(id, &at); /* cannot fail for these clocks */
    return at.tv_sec * NS_PER_SEC + at.tv_nsec;
}

static void
look(Counts *counts)
{
    struct timex timex = { .modes = 0 };
    int64_t raw_ns = read_clock(CLOCK_MONOTONIC_RAW);
    counts->ahead_ns = read_clock(CLOCK_REALTIME) - raw_ns;
    (void)adjtimex(&timex); /* reading needs no right */
    counts->n_rates += timex.freq != counts->frequency || timex.tick != counts->tick;
    counts->frequency = timex.freq;
    counts->tick = timex.tick;
}

/* A timer that the next set of the clock cancels. */
static bool
arm(int fd)
{
    const struct itimerspec never = { .it_value.tv_sec = INT64_C(0x7fffffff) };
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0;
}

static void
note_set(int fd, Counts *counts)
{
    uint64_t n_expired;
    int64_t before_ns = counts->ahead_ns;
    (void)!read(fd, &n_expired, sizeof n_expired); /* ECANCELED is the news */
    look(counts);
    int64_t moved_ns = counts->ahead_ns - before_ns;
    counts->n_sets++;
    counts->n_backward += moved_ns < -LEAST_MOVE_NS;
    counts->moved_ns += moved_ns;
}

int
main(void)
{
    sigset_t ends;
    Counts counts = { 0 };
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
    int timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
    if (signal_fd < 0 || timer_fd < 0 || !arm(timer_fd))
        return EXIT_FAILURE;

    look(&counts);
    counts.n_rates = 0;
    for (;;) {
        struct pollfd waiting[] = { { .fd = timer_fd, .events = POLLIN },
                                    { .fd = signal_fd, .events = POLLIN } };
        (void)poll(waiting, 2, INTERVAL_MS); /* without news it looks, too */
        if (waiting[0].revents != 0) {
            note_set(timer_fd, &counts);
            if (!arm(timer_fd))
                return EXIT_FAILURE;
        }
        if (waiting[1].revents != 0)
            break;
        look(&counts);
    }
    printf("sets %u backward %u moved-ns %" PRId64 " rates %u\n", counts.n_sets,
           counts.n_backward, counts.moved_ns, counts.n_rates);
    return EXIT_SUCCESS;
}
