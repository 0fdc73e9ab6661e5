/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mman.h>

#include "agent/apply.h"
#include "tests/os/fake-kernel.h"

static const VtWall then = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

#define BASE_PPB 7000.0
#define FAST_PPB 400000.0

/* What the kernel takes is rounded to 2^-16 ppm. */
#define ROUNDING_PPB 0.1

/* The kernel is one that a guard's process sees, too. */
typedef struct {
    FakeKernel *kernel;
    VtClock *clock;
    VtPipeline *pipeline;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    VtPipelineParams params = vt_pipeline_params_default();
    (void)data; /* no parameters */
    fixture->kernel = mmap(NULL, sizeof(FakeKernel), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(fixture->kernel != MAP_FAILED);
    fake_kernel_init(fixture->kernel, then);
    fixture->clock = vt_clock_new(&fake_kernel, fixture->kernel);
    fixture->pipeline = vt_pipeline_new(&params);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_pipeline_free(fixture->pipeline);
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
apply_trim(const Fixture *fixture, VtRateGuard *guard, double trim_ppb)
{
    VtApplyPlace place = {
        .clock = fixture->clock,
        .pipeline = fixture->pipeline,
        .guard = guard,
    };
    VtAction action = {
        .kind = VT_ACTION_HOLD,
        .set_rate = true,
        .rate_ppb = BASE_PPB + trim_ppb,
        .trim_ppb = trim_ppb,
    };
    g_assert_true(vt_apply_action(&place, &action, NULL));
}

static void
test_fast_trim_is_guarded(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);

    apply_trim(fixture, guard, FAST_PPB);
    double in_force_ppb = get_rate(fixture);
    vt_rate_guard_free(guard); /* as the kernel closes what a dead agent had open */

    g_assert_cmpfloat_with_epsilon(in_force_ppb, BASE_PPB + FAST_PPB, ROUNDING_PPB);
    g_assert_cmpfloat_with_epsilon(get_rate(fixture), BASE_PPB, ROUNDING_PPB);
}

static void
test_what_follows_is_not(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtRateGuard *guard = vt_rate_guard_new(fixture->clock, NULL);

    apply_trim(fixture, guard, FAST_PPB);
    apply_trim(fixture, guard, 20);
    vt_rate_guard_free(guard);

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), BASE_PPB + 20, ROUNDING_PPB);
}

static void
test_no_fast_trim_without_guard(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    apply_trim(fixture, NULL, FAST_PPB);

    g_assert_cmpfloat_with_epsilon(get_rate(fixture), BASE_PPB, ROUNDING_PPB);
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
    add("/agent/apply/fast-trim-is-guarded", test_fast_trim_is_guarded);
    add("/agent/apply/what-follows-is-not", test_what_follows_is_not);
    add("/agent/apply/no-fast-trim-without-guard", test_no_fast_trim_without_guard);
    return g_test_run();
}
