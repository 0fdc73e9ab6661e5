/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays the hypervisor whose vmclock page carries time: writes such a page into a file that it
 * makes, from this guest's clock and the frequency of its processor's counter, and writes it anew a
 * thousand times a second until it is killed. The frequency is measured for two seconds against
 * MONOTONIC_RAW: the clock itself may still be slewed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC   UINT64_C(1000000000)
#define PAGE_BYTES   4096
#define PERIOD_SHIFT 8
#define N_SHOTS      1000
#define SPAN_SEC     2
#define PAUSE_NS     1000000

/* Of this guest's own clock, which somebody has put right, and of a minute's drift. */
#define ERROR_NS 2000000

/* Of UAPI.13: what the other side decodes is not taken from its header. */
#define SEQUENCE_OFFSET     0x0c
#define SCALE_UTC           0
#define STATUS_SYNCHRONIZED 2
#define MAXERRORS_VALID     0x50
#if defined(__x86_64__)
#define COUNTER_ID 1
#else
#define COUNTER_ID 0
#endif

typedef unsigned __int128 U128;

typedef struct {
    uint64_t counter;
    uint64_t clock_ns;
} Pair;

static uint64_t
read_counter(void)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence();
    const uint64_t counter = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return counter;
#else
    uint64_t counter;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(counter) : : "memory");
    return counter;
#endif
}

static uint64_t
read_clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) < 0)
        abort();
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static Pair
read_pair(clockid_t clock)
{
    Pair best = { 0 };
    uint64_t least_ns = UINT64_MAX;
    for (int i = 0; i < N_SHOTS; i++) {
        const uint64_t before_ns = read_clock_ns(clock);
        const uint64_t counter = read_counter();
        const uint64_t width_ns = read_clock_ns(clock) - before_ns;
        if (width_ns >= least_ns)
            continue;
        least_ns = width_ns;
        best = (Pair){ .counter = counter, .clock_ns = before_ns + width_ns / 2 };
    }
    return best;
}

static void
put(uint8_t *page, size_t offset, size_t n_bytes, uint64_t value)
{
    for (size_t i = 0; i < n_bytes; i++)
        page[offset + i] = (uint8_t)(value >> (8 * i));
}

static void
begin_page(uint8_t *page)
{
    put(page, 0x04, 4, PAGE_BYTES);
    put(page, 0x08, 2, 1);
    put(page, 0x0a, 1, COUNTER_ID);
    put(page, 0x0b, 1, SCALE_UTC);
    put(page, 0x10, 8, 1);
    put(page, 0x18, 8, MAXERRORS_VALID);
    put(page, 0x22, 1, STATUS_SYNCHRONIZED);
    put(page, 0x27, 1, PERIOD_SHIFT);
    put(page, 0x60, 8, ERROR_NS);
    memcpy(page, "VCLK", 4);
}

/* What the clock would show at @counter: seconds and their 2^-64th parts. */
static void
write_time(uint8_t *page, const Pair *base, uint64_t period, uint64_t counter)
{
    uint32_t *sequence = (uint32_t *)(page + SEQUENCE_OFFSET);
    const uint64_t base_sec = base->clock_ns / NS_PER_SEC;
    const U128 base_frac = ((U128)(base->clock_ns % NS_PER_SEC) << 64) / NS_PER_SEC;
    const U128 passed = ((U128)(counter - base->counter) * period >> PERIOD_SHIFT) + base_frac;

    __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    put(page, 0x28, 8, counter);
    put(page, 0x30, 8, period);
    put(page, 0x48, 8, base_sec + (uint64_t)(passed >> 64));
    put(page, 0x50, 8, (uint64_t)passed);
    __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
}

static uint8_t *
map_file(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 || ftruncate(fd, PAGE_BYTES) < 0) {
        perror("vmclock-page: cannot make the file");
        exit(EXIT_FAILURE);
    }
    uint8_t *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror("vmclock-page: cannot map the file");
        exit(EXIT_FAILURE);
    }
    (void)close(fd); /* it is mapped */
    return page;
}

int
main(int argc, char **argv)
{
    const struct timespec span = { .tv_sec = SPAN_SEC };
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    if (argc != 2) {
        fprintf(stderr, "usage: vmclock-page FILE\n");
        return EXIT_FAILURE;
    }
    const Pair first = read_pair(CLOCK_MONOTONIC_RAW);
    nanosleep(&span, NULL);
    const Pair last = read_pair(CLOCK_MONOTONIC_RAW);
    const Pair base = read_pair(CLOCK_REALTIME);
    const U128 span_ns = last.clock_ns - first.clock_ns;
    const uint64_t n_counts = last.counter - first.counter;
    const uint64_t period =
        (uint64_t)((span_ns << (64 + PERIOD_SHIFT)) / NS_PER_SEC / n_counts);

    uint8_t *page = map_file(argv[1]);
    begin_page(page);
    for (;;) {
        write_time(page, &base, period, read_counter());
        nanosleep(&pause, NULL);
    }
}
