/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loaded into QEMU before the C library (LD_PRELOAD): what CLOCK_MONOTONIC shows there runs at a
 * rate of its own, and so do all timers and counters that QEMU emulates on it. A guest on the HPET
 * has an oscillator whose rate can be changed from one instant to the next, as a migration to
 * another host changes it. VT_OSCILLATOR names the page (oscillator-page.h); all other clocks, and
 * a process without that page, are left alone.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/oscillator-page.h"

#define NS_PER_SEC INT64_C(1000000000)

typedef int (*ReadClock)(clockid_t clock, struct timespec *now);

/* The one way there is for a function that somebody else calls by its name: written before QEMU's
 * main begins, never afterwards. */
static ReadClock read_clock;
static const OscillatorPage *page;

static const OscillatorPage *
map_page(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        return NULL;
    }
    const void *memory = mmap(NULL, sizeof(OscillatorPage), PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd); /* the mapping stays */
    return memory != MAP_FAILED ? memory : NULL;
}

__attribute__((constructor)) static void
find_parts(void)
{
    read_clock = (ReadClock)dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("VT_OSCILLATOR");
    if (path != NULL)
        page = map_page(path);
}

static int64_t
to_shown_ns(int64_t real_ns)
{
    const uint32_t current = __atomic_load_n(&page->current, __ATOMIC_ACQUIRE);
    const OscillatorRate *rate = &page->rates[current & 1];
    const int64_t since_ns = real_ns - rate->since_ns;
    const int64_t rate_ppb = since_ns < 0 ? rate->before_ppb : rate->after_ppb;
    return rate->shown_ns + since_ns + (int64_t)((double)since_ns * (double)rate_ppb * 1e-9);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    /* A constructor of another library may be first. */
    if (read_clock == NULL)
        find_parts();
    const int status = read_clock(clock, now);
    if (status < 0 || clock != CLOCK_MONOTONIC || page == NULL)
        return status;
    const int64_t shown_ns = to_shown_ns(now->tv_sec * NS_PER_SEC + now->tv_nsec);
    now->tv_sec = shown_ns / NS_PER_SEC;
    now->tv_nsec = shown_ns % NS_PER_SEC;
    return 0;
}
