/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/rate-guard.h"
#include "tests/os/fake-kernel.h"

/*
 * As a simulator of networks has them before those of the C library: they know only the sockets of
 * its network, and no other calls.
 */
ssize_t
send(int fd, const void *bytes, size_t n_bytes, int flags)
{
    (void)fd, (void)bytes, (void)n_bytes, (void)flags;
    errno = ENOTSOCK;
    return -1;
}

ssize_t
recv(int fd, void *bytes, size_t n_bytes, int flags)
{
    (void)fd, (void)bytes, (void)n_bytes, (void)flags;
    errno = ENOTSOCK;
    return -1;
}

long
syscall(long number, ...)
{
    (void)number;
    errno = ENOSYS;
    return -1;
}

static const VtWall then = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

/* A kernel that parent and child see alike, as they do the real one. */
typedef struct {
    FakeKernel *kernel;
    VtClock *clock;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    void *shared = mmap(NULL, sizeof(FakeKernel), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    fixture->kernel = shared;
    fake_kernel_init(fixture->kernel, then);
    fixture->clock = vt_clock_new(&fake_kernel, fixture->kernel);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_clock_free(fixture->clock);
    munmap(fixture->kernel, sizeof *fixture->kernel);
}

static double
get_rate(const Fixture *fixture)
{
    VtClockState state;
    g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
    return state.rate_ppb;
}

static void
set_rate(const Fixture *fixture, double rate_ppb)
{
    double taken_ppb;
    g_assert_true(vt_clock_set_rate(fixture->clock, rate_ppb, &taken_ppb, NULL));
}

static void
test_goes_back_when_the_daemon_is_gone(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);
    g_assert_nonnull(guard);

    g_assert_true(vt_rate_guard_arm(guard, 7000));
    set_rate(fixture, 507000);
    vt_rate_guard_free(guard);

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), 7000, 0.1);
}

static void
test_outlives_a_daemon_that_is_killed(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    int report[2];
    g_assert_cmpint(pipe(report), ==, 0);
    pid_t daemon = fork();
    g_assert_cmpint(daemon, >=, 0);
    if (daemon == 0) {
        VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);
        bool is_armed = vt_rate_guard_arm(guard, -3000);
        set_rate(fixture, -503000);
        (void)!write(report[1], is_armed ? "y" : "n", 1);
        pause();
    }
    char said = 0;
    g_assert_cmpint(read(report[0], &said, 1), ==, 1);
    g_assert_cmpint(said, ==, 'y');

    /* The guard has the writing end, too: an end of file tells that it has done its work. */
    close(report[1]);
    g_assert_cmpint(kill(daemon, SIGKILL), ==, 0);
    g_assert_cmpint(read(report[0], &said, 1), ==, 0);

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), -3000, 0.1);
    close(report[0]);
    g_assert_cmpint(waitpid(daemon, NULL, 0), ==, daemon);
}

static void
test_leaves_what_may_stay(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);

    g_assert_true(vt_rate_guard_arm(guard, 7000));
    set_rate(fixture, 9000);
    vt_rate_guard_disarm(guard);
    vt_rate_guard_free(guard);

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), 9000, 0.1);
}

static void
test_goes_back_after_a_silence(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), ==, 0);
    VtRateWatch watch = {
        .fd = fds[0],
        .clock = fixture->clock,
        .silence_ns = VT_NS_PER_MS,
        .is_armed = true,
        .base_rate_ppb = 7000,
    };
    set_rate(fixture, 507000);

    g_assert_true(vt_rate_watch_go_on(&watch));

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), 7000, 0.1);
    g_assert_false(watch.is_armed);
    close(fds[0]);
    close(fds[1]);
}

/* It may be killed, too. */
static void
test_a_guard_that_is_gone_is_none(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *children = NULL;
    g_assert_true(g_file_get_contents(path, &children, NULL, NULL));
    pid_t child = (pid_t)g_ascii_strtoll(children, NULL, 10);
    g_assert_cmpint(child, >, 1);
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    siginfo_t end;
    g_assert_cmpint(waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT), ==, 0);

    g_assert_false(vt_rate_guard_arm(guard, 7000));
    vt_rate_guard_free(guard);
}

static void
add(const char *path, void (*func)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, func, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/os/rate-guard/goes-back-when-the-daemon-is-gone",
        test_goes_back_when_the_daemon_is_gone);
    add("/os/rate-guard/outlives-a-daemon-that-is-killed",
        test_outlives_a_daemon_that_is_killed);
    add("/os/rate-guard/leaves-what-may-stay", test_leaves_what_may_stay);
    add("/os/rate-guard/goes-back-after-a-silence", test_goes_back_after_a_silence);
    add("/os/rate-guard/a-guard-that-is-gone-is-none", test_a_guard_that_is_gone_is_none);
    return g_test_run();
}
