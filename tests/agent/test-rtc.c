/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The RTC: the grid of its edges, its phase, and what is read of it. */
#include "agent/devices/rtc.h"
#include "agent/hints/rtc-edge.h"
#include "agent/providers/rtc.h"
#include "base/error.h"
#include "core/sample.h"
#include "tests/agent/fake-rtc.h"

/* What an interrupt takes, usually. */
#define USUAL_LAG_NS (200 * VT_NS_PER_US)

/* The RTC is behind true time by so much. */
#define PHASE_NS (300 * VT_NS_PER_MS)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeRtc fake;
    VtRtcPlaces places;
    VtClock *clock;
    VtRtc *rtc;
    VtTruth truth;
    VtProvider provider;
    unsigned n_readings;
    VtReading reading;
    VtHintSource hint_source;
    unsigned n_hints;
    VtHint hint;
} Fixture;

static void
on_reading(const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_nonnull(reading);
    fixture->n_readings += 1;
    fixture->reading = *reading;
}

static void
on_hint(const VtHint *hint, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_hints += 1;
    fixture->hint = *hint;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = 100;
    fake_rtc_init(&fixture->fake, &fixture->kernel, vt_wall_add(true_wall, -PHASE_NS));
    fixture->places = fake_rtc_get_places(&fixture->fake);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->rtc = vt_rtc_new(&fixture->places, "/dev/rtc0", fixture->clock);
    VtProviderRtcParams params = { .rtc = fixture->rtc, .truth = &fixture->truth };
    fixture->provider = vt_provider_rtc_new(&params, fixture->clock, on_reading, fixture);
    fixture->hint_source = vt_hint_rtc_edge_new(&fixture->rtc, on_hint, fixture);
    fixture->truth = (VtTruth){ .is_settled = true, .is_right = true, .error_ns = 40000 };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_hint_source_clear(&fixture->hint_source);
    vt_provider_clear(&fixture->provider);
    vt_rtc_free(fixture->rtc);
    vt_clock_free(fixture->clock);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
pass_edges(Fixture *fixture, unsigned n_edges)
{
    for (unsigned i = 0; i < n_edges; i++) {
        fake_rtc_pass_edge(&fixture->fake, USUAL_LAG_NS);
        turn();
    }
}

static void
start_watch(Fixture *fixture)
{
    g_assert_true(vt_rtc_watch(fixture->rtc, NULL));
    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "interrupt");
}

static void
test_reading_in_phase_is_true_within_its_bound(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 5);
    g_assert_cmpuint(fixture->n_readings, ==, 0); /* nobody asked */
    vt_provider_begin(&fixture->provider);
    fake_rtc_pass_edge(&fixture->fake, 3600 * VT_NS_PER_US);
    turn();

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    /* The clock is right: what the late edge makes of it is within the bound. */
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, sample.error_ns);
    g_assert_cmpint(sample.error_ns, <, 5 * VT_NS_PER_MS);
    g_assert_true(sample.reference_synchronised);
    g_assert_cmpint(sample.root_distance_ns, >=, 40000);
    g_assert_cmpuint(fixture->n_hints, ==, 0);
}

static void
test_overdue_edge_is_a_sign_and_no_reading(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fake_kernel_pass(&fixture->kernel, 400 * VT_NS_PER_MS);
    fake_rtc_pause(&fixture->fake, 60 * VT_NS_PER_SEC);
    fixture->truth = (VtTruth){ 0 };
    vt_provider_begin(&fixture->provider);
    turn();
    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-jump");
    g_assert_true(fixture->hint.is_strong);
    g_assert_false(fixture->hint.allows_backward);
    g_assert_cmpuint(fixture->n_readings, ==, 0);

    pass_edges(fixture, 1);
    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(vt_ns_sub(sample.offset_ns, 60 * VT_NS_PER_SEC)), <=,
                    sample.error_ns);
}

static void
test_jump_shows_at_once_what_time_it_is_at_least(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fake_kernel_pass(&fixture->kernel, 400 * VT_NS_PER_MS);
    fake_rtc_pause(&fixture->fake, 60 * VT_NS_PER_SEC);
    fixture->truth = (VtTruth){ 0 };
    turn();
    vt_provider_begin(&fixture->provider);
    turn();

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_true(fixture->reading.is_least);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(sample.offset_ns, <=, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(sample.offset_ns, >, 59 * VT_NS_PER_SEC);

    vt_provider_begin(&fixture->provider);
    turn();
    g_assert_cmpuint(fixture->n_readings, ==, 1); /* once: the next one is an edge */
}

/* Behind an HPET the alarm that makes the interrupt is missed when the RTC jumps beyond it. */
static void
test_jump_that_ends_the_interrupts_is_looked_for(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fake_kernel_pass(&fixture->kernel, 400 * VT_NS_PER_MS);
    fixture->fake.paused_ns += 60 * VT_NS_PER_SEC;
    fixture->fake.is_armed = false;
    fixture->truth = (VtTruth){ 0 };
    vt_rtc_on_tick(fixture->rtc);
    g_assert_cmpuint(fixture->n_hints, ==, 0); /* no edge is overdue yet */

    fake_kernel_pass(&fixture->kernel, 1000 * VT_NS_PER_MS);
    vt_rtc_on_tick(fixture->rtc);
    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-jump");
    g_assert_true(fixture->fake.is_armed);

    pass_edges(fixture, 1);
    vt_provider_begin(&fixture->provider);
    pass_edges(fixture, 1);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(vt_ns_sub(sample.offset_ns, 60 * VT_NS_PER_SEC)), <=,
                    sample.error_ns);
    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "interrupt");
    g_assert_cmpuint(fixture->n_hints, ==, 1);
}

/* One that is late is not taken for a jump, and armed anew it comes again. */
static void
test_lost_interrupt_is_armed_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fixture->fake.is_armed = false;
    pass_edges(fixture, 1);
    fake_kernel_pass(&fixture->kernel, 500 * VT_NS_PER_MS);
    vt_rtc_on_tick(fixture->rtc);
    g_assert_true(fixture->fake.is_armed);

    pass_edges(fixture, 3);
    g_assert_cmpuint(fixture->n_hints, ==, 0);
    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "interrupt");
}

static void
test_cost_of_a_look_is_told(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(vt_provider_describe(&fixture->provider).cost_ns, ==, -1);
    start_watch(fixture);
    pass_edges(fixture, 2);
    VtNs cost_ns = vt_provider_describe(&fixture->provider).cost_ns;
    g_assert_cmpint(cost_ns, >, 0);
    g_assert_cmpint(cost_ns, <, VT_NS_PER_MS);
}

static void
test_short_pause_is_a_weak_sign(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fake_kernel_pass(&fixture->kernel, 800 * VT_NS_PER_MS);
    fake_rtc_pause(&fixture->fake, 300 * VT_NS_PER_MS);
    turn();

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-edge");
    g_assert_false(fixture->hint.is_strong);
}

static void
test_rtc_that_was_set_back_is_not_believed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fixture->fake.set_ns = -3 * VT_NS_PER_SEC;
    fixture->truth = (VtTruth){ 0 };
    vt_provider_begin(&fixture->provider);
    pass_edges(fixture, 3);

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-set");
    g_assert_false(fixture->hint.is_strong);
    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_false(vt_rtc_get_phase(fixture->rtc)->is_known);
    g_assert_cmpuint(vt_rtc_get_phase(fixture->rtc)->n_sets, ==, 1);
}

/* Where its phase stays over a write, as on AMD's processors, what it shows moves by a second. */
static void
test_write_of_the_kernel_misleads_nobody(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->fake.wall_at_start = vt_wall_add(true_wall, -700 * VT_NS_PER_MS);
    start_watch(fixture);
    pass_edges(fixture, 3);
    vt_provider_begin(&fixture->provider);
    fixture->fake.set_ns = VT_NS_PER_SEC;
    pass_edges(fixture, 1);

    g_assert_cmpuint(fixture->n_hints, ==, 0);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, sample.error_ns);
    g_assert_cmpint(vt_ns_abs(vt_rtc_get_phase(fixture->rtc)->ahead_ns), <=, VT_NS_PER_SEC / 2);
}

/* On other processors its seconds begin anew. Here there is nothing else to compare it with. */
static void
test_write_that_moves_its_seconds_is_no_pause(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    fixture->truth.is_right = false;
    fixture->fake.set_ns = PHASE_NS - 10 * VT_NS_PER_MS;
    vt_provider_begin(&fixture->provider);
    pass_edges(fixture, 2);

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-edge");
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, VT_NS_PER_MS);
    g_assert_true(sample.reference_synchronised);
}

/* Somebody wrote into it while nobody watched: no reading is a second off before that is known. */
static void
test_contradicted_edge_is_no_reading(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 3);
    vt_rtc_unwatch(fixture->rtc);
    fixture->fake.set_ns = VT_NS_PER_SEC;
    start_watch(fixture);
    vt_provider_begin(&fixture->provider);
    pass_edges(fixture, 1);
    g_assert_cmpuint(fixture->n_readings, ==, 0);

    pass_edges(fixture, 1);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, sample.error_ns);
}

static void
test_without_a_better_clock_it_is_a_stopwatch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->truth.is_right = false;
    start_watch(fixture);
    pass_edges(fixture, 2);
    vt_provider_begin(&fixture->provider);
    pass_edges(fixture, 1);

    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, sample.error_ns);
    g_assert_false(sample.reference_synchronised);
    /* A clock that drifts does not carry it along. */
    VtNs ahead_ns = vt_rtc_get_phase(fixture->rtc)->ahead_ns;
    fake_kernel_set_by_other(&fixture->kernel, 3 * VT_NS_PER_MS);
    pass_edges(fixture, 5);
    g_assert_cmpint(vt_rtc_get_phase(fixture->rtc)->ahead_ns, ==, ahead_ns);
}

static void
test_busy_rtc_is_told_and_left_alone(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    fixture->fake.is_busy = true;
    g_assert_false(vt_rtc_watch(fixture->rtc, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_BUSY);
    g_assert_false(vt_provider_is_usable(&fixture->provider));

    fixture->fake.is_busy = false;
    start_watch(fixture);
    vt_rtc_unwatch(fixture->rtc);
    g_assert_false(fixture->fake.is_armed);
    g_assert_false(vt_rtc_is_watched(fixture->rtc));
}

static void
test_interrupt_that_never_comes_is_given_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_watch(fixture);
    pass_edges(fixture, 2);
    vt_rtc_on_tick(fixture->rtc);
    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "interrupt");
    fake_kernel_pass(&fixture->kernel, 4 * VT_NS_PER_SEC);
    vt_rtc_on_tick(fixture->rtc);

    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "polling");
    g_assert_false(fixture->fake.is_armed);
}

static void
test_rtc_without_interrupt_is_polled(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->fake.has_interrupt = false;
    g_assert_true(vt_rtc_watch(fixture->rtc, NULL));
    turn();

    g_assert_cmpstr(vt_rtc_get_method(fixture->rtc), ==, "polling");
    g_assert_true(vt_provider_is_usable(&fixture->provider));
}

/* There the tick looks: nobody else is woken by the jump. */
static void
test_jump_without_interrupt_is_seen_at_a_tick(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->fake.has_interrupt = false;
    g_assert_true(vt_rtc_watch(fixture->rtc, NULL));
    for (int i = 0; i < 3000; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_MS);
        vt_rtc_on_tick(fixture->rtc);
    }
    g_assert_true(vt_rtc_get_phase(fixture->rtc)->is_known);
    g_assert_cmpuint(fixture->n_hints, ==, 0);
    fake_rtc_pause(&fixture->fake, 60 * VT_NS_PER_SEC);
    fixture->truth = (VtTruth){ 0 };
    vt_rtc_on_tick(fixture->rtc);

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "rtc-jump");
}

#define add_parts(path, function) \
    g_test_add("/agent/rtc/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_parts("reading-in-phase-is-true-within-its-bound",
              test_reading_in_phase_is_true_within_its_bound);
    add_parts("overdue-edge-is-a-sign-and-no-reading",
              test_overdue_edge_is_a_sign_and_no_reading);
    add_parts("jump-shows-at-once-what-time-it-is-at-least",
              test_jump_shows_at_once_what_time_it_is_at_least);
    add_parts("jump-that-ends-the-interrupts-is-looked-for",
              test_jump_that_ends_the_interrupts_is_looked_for);
    add_parts("lost-interrupt-is-armed-anew", test_lost_interrupt_is_armed_anew);
    add_parts("cost-of-a-look-is-told", test_cost_of_a_look_is_told);
    add_parts("short-pause-is-a-weak-sign", test_short_pause_is_a_weak_sign);
    add_parts("rtc-that-was-set-back-is-not-believed",
              test_rtc_that_was_set_back_is_not_believed);
    add_parts("write-of-the-kernel-misleads-nobody", test_write_of_the_kernel_misleads_nobody);
    add_parts("write-that-moves-its-seconds-is-no-pause",
              test_write_that_moves_its_seconds_is_no_pause);
    add_parts("contradicted-edge-is-no-reading", test_contradicted_edge_is_no_reading);
    add_parts("without-a-better-clock-it-is-a-stopwatch",
              test_without_a_better_clock_it_is_a_stopwatch);
    add_parts("busy-rtc-is-told-and-left-alone", test_busy_rtc_is_told_and_left_alone);
    add_parts("interrupt-that-never-comes-is-given-up",
              test_interrupt_that_never_comes_is_given_up);
    add_parts("rtc-without-interrupt-is-polled", test_rtc_without_interrupt_is_polled);
    add_parts("jump-without-interrupt-is-seen-at-a-tick",
              test_jump_without_interrupt_is_seen_at_a_tick);
    return g_test_run();
}
