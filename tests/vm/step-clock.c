/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves the guest's CLOCK_REALTIME by so many nanoseconds, as one step: scenarios begin with a
 * clock that is wrong, or right, by a known amount. busybox' date knows whole seconds only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

#define NS_PER_SEC INT64_C(1000000000)

static bool
parse_ns(const char *word, int64_t *ret_ns)
{
    char *end;
    errno = 0;
    const intmax_t ns = strtoimax(word, &end, 10);
    if (errno != 0 || end == word || *end != '\0')
        return false;
    *ret_ns = ns;
    return true;
}

/* The kernel wants the fraction of a negative step counted upwards from the second below. */
static struct timex
make_step(int64_t step_ns)
{
    int64_t sec = step_ns / NS_PER_SEC;
    int64_t rest_ns = step_ns % NS_PER_SEC;
    if (rest_ns < 0) {
        sec--;
        rest_ns += NS_PER_SEC;
    }
    return (struct timex){ .modes = ADJ_SETOFFSET | ADJ_NANO,
                           .time = { .tv_sec = sec, .tv_usec = rest_ns } };
}

int
main(int argc, char **argv)
{
    int64_t step_ns;
    if (argc != 2 || !parse_ns(argv[1], &step_ns)) {
        fprintf(stderr, "usage: step-clock NANOSECONDS\n");
        return EXIT_FAILURE;
    }
    struct timex step = make_step(step_ns);
    if (adjtimex(&step) < 0) {
        perror("step-clock: adjtimex");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
