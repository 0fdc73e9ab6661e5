/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of the measuring port: asks the guest for its clocks N times a second,
 * brackets each answer with the host's CLOCK_REALTIME and writes a line of CSV for it. It lives
 * through pauses (one question waits in the guest's queue until the guest runs again) and
 * through restores (the socket goes away and a new one comes), and ends at SIGTERM or after
 * the time it was given.
 *
 * Offsets are host minus guest: positive means that the guest is late. The true offset lies
 * within offset +- error, whatever the two ways took.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/probe-wire.h"

#define NS_PER_SEC INT64_C(1000000000)

#define SAMPLER_PRIORITY 20

/* A restored domain's socket is looked for this often; the guest still loads then. */
#define RECONNECT_NS INT64_C(1000000)

/* The stream is not reliable over a restore: on a connection that never answered a question is
 * repeated soon. On one that did, the guest stands still and has the question already; a rare
 * repeat keeps a lost byte from ending the measurement. */
#define REPEAT_NEW_NS INT64_C(50000000)
#define REPEAT_IDLE_NS \
    (20 * NS_PER_SEC) /* unless told: a guest that sleeps loses what it has */

#define N_SEQUENCES 256

typedef struct {
    const char *socket_path;
    FILE *csv;
    int64_t period_ns;
    int64_t repeat_ns;
    int64_t end_at_ns; /* CLOCK_MONOTONIC; 0: runs until a signal */
    int signal_fd;
    int socket_fd;
    bool is_waiting;     /* a question is open */
    bool has_answered;   /* this connection gave an answer */
    uint8_t sequence;    /* of the newest question */
    int64_t asked_at_ns; /* CLOCK_MONOTONIC, of the newest question */
    int64_t sent_wall_ns[N_SEQUENCES];
    unsigned char bytes[sizeof(ProbeRecord)];
    size_t n_bytes;
    uint64_t n_answers;
} Sampler;

static int64_t
read_clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) < 0)
        abort();
    return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void
raise_priority(void)
{
    /* Without the privilege the figures get worse, never wrong. */
    const struct sched_param param = { .sched_priority = SAMPLER_PRIORITY };
    (void)sched_setscheduler(0, SCHED_FIFO, &param);
    (void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

static void
connect_socket(Sampler *sampler)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, sampler->socket_path, strlen(sampler->socket_path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return;
    }
    sampler->socket_fd = fd;
    sampler->n_bytes = 0;
    sampler->is_waiting = false;
    sampler->has_answered = false;
    /* Answers to questions of the connection before are late news: none may match. */
    memset(sampler->sent_wall_ns, 0, sizeof(sampler->sent_wall_ns));
    fprintf(stderr, "%" PRId64 " connected\n", read_clock_ns(CLOCK_REALTIME));
}

static void
disconnect(Sampler *sampler)
{
    fprintf(stderr, "%" PRId64 " hung up\n", read_clock_ns(CLOCK_REALTIME));
    close(sampler->socket_fd);
    sampler->socket_fd = -1;
}

static void
ask(Sampler *sampler)
{
    sampler->sequence++;
    sampler->is_waiting = true;
    sampler->asked_at_ns = read_clock_ns(CLOCK_MONOTONIC);
    sampler->sent_wall_ns[sampler->sequence] = read_clock_ns(CLOCK_REALTIME);
    const ssize_t n_sent = send(sampler->socket_fd, &sampler->sequence, 1, MSG_NOSIGNAL);
    if (n_sent < 0 && errno != EAGAIN && errno != EINTR)
        disconnect(sampler);
}

static void
write_line(Sampler *sampler, const ProbeRecord *record, int64_t sent_ns, int64_t read_ns)
{
    const int64_t round_trip_ns = read_ns - sent_ns;
    const int64_t offset_ns = sent_ns + round_trip_ns / 2 - record->wall_ns;
    fprintf(sampler->csv,
            "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
            ",%d,%" PRIu64 ",%" PRId64 ",%" PRId64 ",%d\n",
            sent_ns, read_ns, record->wall_ns, round_trip_ns, offset_ns,
            (round_trip_ns + 1) / 2, record->maxerror_us, record->status, sampler->n_answers,
            record->raw_ns, record->frequency_scaled_ppm, record->tick_us);
}

static void
take_record(Sampler *sampler, int64_t read_ns)
{
    ProbeRecord record;
    memcpy(&record, sampler->bytes, sizeof(record));
    sampler->n_bytes = 0;
    if (record.magic != PROBE_MAGIC) {
        /* Half a record of an earlier life: only a new connection begins at a boundary. */
        disconnect(sampler);
        return;
    }
    const int64_t sent_ns = sampler->sent_wall_ns[record.sequence];
    if (sent_ns == 0)
        return;
    sampler->sent_wall_ns[record.sequence] = 0;
    sampler->has_answered = true;
    if (record.sequence == sampler->sequence)
        sampler->is_waiting = false;
    write_line(sampler, &record, sent_ns, read_ns);
    sampler->n_answers++;
}

static void
read_answer(Sampler *sampler)
{
    const ssize_t n_read = recv(sampler->socket_fd, sampler->bytes + sampler->n_bytes,
                                sizeof(sampler->bytes) - sampler->n_bytes, 0);
    const int64_t read_ns = read_clock_ns(CLOCK_REALTIME);
    if (n_read == 0 || (n_read < 0 && errno != EAGAIN && errno != EINTR)) {
        disconnect(sampler);
        return;
    }
    if (n_read < 0)
        return;
    sampler->n_bytes += (size_t)n_read;
    if (sampler->n_bytes == sizeof(sampler->bytes))
        take_record(sampler, read_ns);
}

/* When there is something to do without being woken: CLOCK_MONOTONIC. */
static int64_t
find_next_deadline(const Sampler *sampler)
{
    int64_t wait_ns = sampler->period_ns;
    if (sampler->is_waiting)
        wait_ns = sampler->has_answered ? sampler->repeat_ns : REPEAT_NEW_NS;
    return sampler->asked_at_ns + wait_ns;
}

/* Sleeps until a descriptor is ready or the deadline passes. False: time to end. */
static bool
wait_until(Sampler *sampler, int64_t deadline_ns)
{
    const int64_t now_ns = read_clock_ns(CLOCK_MONOTONIC);
    if (sampler->end_at_ns != 0 && now_ns >= sampler->end_at_ns)
        return false;
    if (sampler->end_at_ns != 0 && deadline_ns > sampler->end_at_ns)
        deadline_ns = sampler->end_at_ns;
    const int64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    const struct timespec timeout = { .tv_sec = left_ns / NS_PER_SEC,
                                      .tv_nsec = left_ns % NS_PER_SEC };
    struct pollfd waits[] = {
        { .fd = sampler->signal_fd, .events = POLLIN },
        { .fd = sampler->socket_fd, .events = POLLIN },
    };
    if (ppoll(waits, 2, &timeout, NULL) < 0)
        return errno == EINTR;
    if (waits[1].revents != 0)
        read_answer(sampler);
    return waits[0].revents == 0;
}

static void
run(Sampler *sampler)
{
    for (;;) {
        if (sampler->socket_fd < 0)
            connect_socket(sampler);
        if (sampler->socket_fd < 0) {
            if (!wait_until(sampler, read_clock_ns(CLOCK_MONOTONIC) + RECONNECT_NS))
                return;
            continue;
        }
        if (read_clock_ns(CLOCK_MONOTONIC) >= find_next_deadline(sampler))
            ask(sampler);
        if (!wait_until(sampler, find_next_deadline(sampler)))
            return;
    }
}

static int
open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
parse_options(int argc, char **argv, Sampler *sampler)
{
    double rate_hz = 500, duration_sec = 0;
    int option;
    sampler->repeat_ns = REPEAT_IDLE_NS;
    while ((option = getopt(argc, argv, "r:d:w:")) != -1) {
        if (option == 'r')
            rate_hz = atof(optarg);
        else if (option == 'd')
            duration_sec = atof(optarg);
        else if (option == 'w')
            sampler->repeat_ns = (int64_t)(atof(optarg) * NS_PER_SEC);
        else
            return false;
    }
    if (argc - optind != 2 || rate_hz < 0.1 || rate_hz > 10000 || duration_sec < 0)
        return false;
    if (strlen(argv[optind]) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return false;
    sampler->socket_path = argv[optind];
    sampler->period_ns = (int64_t)(NS_PER_SEC / rate_hz);
    if (duration_sec > 0)
        sampler->end_at_ns =
            read_clock_ns(CLOCK_MONOTONIC) + (int64_t)(duration_sec * NS_PER_SEC);
    sampler->csv = fopen(argv[optind + 1], "we");
    if (sampler->csv == NULL)
        perror(argv[optind + 1]);
    return sampler->csv != NULL;
}

int
main(int argc, char **argv)
{
    Sampler sampler = { .socket_fd = -1 };
    if (!parse_options(argc, argv, &sampler)) {
        fprintf(stderr,
                "usage: probe-host [-r PER_SECOND] [-d SECONDS] [-w SECONDS] SOCKET CSV\n");
        return EXIT_FAILURE;
    }
    /* A rig that was killed must not leave its sampler behind. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    sampler.signal_fd = open_signals();
    if (sampler.signal_fd < 0) {
        perror("probe-host: signalfd");
        return EXIT_FAILURE;
    }
    raise_priority();
    fprintf(sampler.csv,
            "host_send_ns,host_recv_ns,guest_ns,round_trip_ns,offset_ns,error_ns,maxerror_us,"
            "status,seq,guest_raw_ns,frequency_scaled_ppm,tick_us\n");
    run(&sampler);
    return fclose(sampler.csv) == 0 && sampler.n_answers > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
