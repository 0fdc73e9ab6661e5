/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's end of the measuring port: answers each byte with what the guest's clocks show.
 * It runs in the initramfs without any library, at a real-time priority and locked in memory,
 * so that what the host sees is the clock and not the scheduler.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/probe-wire.h"

/* Above the agent: the probe must be able to see it at work. */
#define PROBE_PRIORITY 50

/* A port whose host end is closed cannot be waited for with poll: it reports POLLHUP for
 * ever. Short, because the first reading after a restore waits for it. */
#define CLOSED_PORT_RETRY_NS 1000000

static int64_t
read_clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) < 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
raise_priority(void)
{
    const struct sched_param param = { .sched_priority = PROBE_PRIORITY };
    if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
        perror("probe-guest: sched_setscheduler");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        perror("probe-guest: mlockall");
}

static ProbeRecord
take_reading(uint8_t sequence)
{
    ProbeRecord record = { .magic = PROBE_MAGIC, .sequence = sequence };
    record.wall_ns = read_clock_ns(CLOCK_REALTIME);
    record.raw_ns = read_clock_ns(CLOCK_MONOTONIC_RAW);
    struct timex kernel = { .modes = 0 };
    if (adjtimex(&kernel) < 0)
        kernel.status = STA_UNSYNC;
    record.maxerror_us = kernel.maxerror;
    record.frequency_scaled_ppm = kernel.freq;
    record.tick_us = (int32_t)kernel.tick;
    record.status = kernel.status;
    return record;
}

/* Takes all bytes that are there. Returns the newest, or -1 when there is none. */
static int
read_newest_byte(int port_fd)
{
    int newest = -1;
    uint8_t bytes[64];
    for (;;) {
        const ssize_t n_bytes = read(port_fd, bytes, sizeof(bytes));
        if (n_bytes > 0)
            newest = bytes[n_bytes - 1];
        if (n_bytes < (ssize_t)sizeof(bytes))
            return newest;
    }
}

static void
serve(int port_fd)
{
    for (;;) {
        struct pollfd wait = { .fd = port_fd, .events = POLLIN };
        if (poll(&wait, 1, -1) < 0 && errno != EINTR)
            return;
        const int byte = read_newest_byte(port_fd);
        if (byte < 0) {
            const struct timespec pause = { .tv_nsec = CLOSED_PORT_RETRY_NS };
            (void)nanosleep(&pause, NULL); /* woken early it only looks again */
            continue;
        }
        const ProbeRecord record = take_reading((uint8_t)byte);
        /* A host that hung up meanwhile loses the answer and asks again. */
        if (write(port_fd, &record, sizeof(record)) < 0 && errno == ENODEV)
            return;
    }
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: probe-guest /dev/vportNpM\n");
        return EXIT_FAILURE;
    }
    const int port_fd = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (port_fd < 0) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    raise_priority();
    serve(port_fd);
    return EXIT_FAILURE;
}
