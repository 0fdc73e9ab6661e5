/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/resource.h>

#include "agent/rehearsal.h"
#include "base/units.h"

static void
test_goes_through_a_whole_recovery(void)
{
    VtOutcome outcome = vt_rehearsal_run();

    g_assert_cmpint(outcome.kind, ==, VT_ACTION_STEP);
    g_assert_cmpuint(outcome.n_steps, ==, 1);
    g_assert_true(outcome.was_announced);
    g_assert_cmpint(outcome.offset_ns, ==, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(outcome.residual_ns, ==, 0);
}

static void
test_leaves_the_clock_of_this_machine_alone(void)
{
    struct timespec wall_before;
    struct timespec mono_before;
    struct timespec wall_after;
    struct timespec mono_after;

    clock_gettime(CLOCK_REALTIME, &wall_before);
    clock_gettime(CLOCK_MONOTONIC, &mono_before);
    vt_rehearsal_run();
    clock_gettime(CLOCK_REALTIME, &wall_after);
    clock_gettime(CLOCK_MONOTONIC, &mono_after);

    VtNs wall_ns = vt_ns_from_timespec(&wall_after) - vt_ns_from_timespec(&wall_before);
    VtNs mono_ns = vt_ns_from_timespec(&mono_after) - vt_ns_from_timespec(&mono_before);
    g_assert_cmpint(ABS(wall_ns - mono_ns), <, 30 * VT_NS_PER_SEC);
}

static long
count_faults(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_minflt + usage.ru_majflt;
}

/* A few pages are the allocator's; a sanitizer's own memory is new each time. */
static void
test_second_performance_finds_its_pages(void)
{
    long before = count_faults();
    vt_rehearsal_run();
    long first = count_faults() - before;

    before = count_faults();
    vt_rehearsal_run();
    long second = count_faults() - before;

    g_test_message("page faults: first %ld, second %ld", first, second);
    g_assert_cmpint(second, <=, MAX(first, 2));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* First, while nothing was touched. */
    g_test_add_func("/agent/rehearsal/second-performance-finds-its-pages",
                    test_second_performance_finds_its_pages);
    g_test_add_func("/agent/rehearsal/goes-through-a-whole-recovery",
                    test_goes_through_a_whole_recovery);
    g_test_add_func("/agent/rehearsal/leaves-the-clock-of-this-machine-alone",
                    test_leaves_the_clock_of_this_machine_alone);
    return g_test_run();
}
