/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the edges of an RTC tell, and how they are found where no interrupt comes. */
#include "agent/devices/rtc-phase.h"
#include "agent/devices/rtc-search.h"
#include "agent/devices/rtc-system.h"

/* The RTC is behind true time by so much. */
#define PHASE_NS (300 * VT_NS_PER_MS)

static VtRtcEdgeKind
judge(VtRtcGrid *grid, VtNs raw_ns, VtNs second)
{
    return vt_rtc_grid_judge(grid, (VtMono){ .ns = raw_ns },
                             (VtWall){ .ns = second * VT_NS_PER_SEC });
}

static void
test_grid_tells_late_from_paused_from_set(void)
{
    static const struct {
        const char *name;
        VtNs late_ns;    /* the second edge comes so much after it was due */
        int64_t seconds; /* and the RTC has gone on by this */
        bool is_local_time;
        VtRtcEdgeKind kind;
    } cases[] = {
        { "in time", 0, 1, false, VT_RTC_EDGE_IN_PHASE },
        { "late as usual", 4 * VT_NS_PER_MS, 1, false, VT_RTC_EDGE_IN_PHASE },
        { "three seconds of it", 2 * VT_NS_PER_SEC, 3, false, VT_RTC_EDGE_IN_PHASE },
        { "late", 30 * VT_NS_PER_MS, 1, false, VT_RTC_EDGE_OFF_PHASE },
        { "pause of less than a second", -400 * VT_NS_PER_MS, 1, false, VT_RTC_EDGE_OFF_PHASE },
        { "pause of a minute", -400 * VT_NS_PER_MS, 61, false, VT_RTC_EDGE_JUMPED },
        { "pause of a minute to the millisecond", 0, 61, false, VT_RTC_EDGE_JUMPED },
        { "set back", 0, -59, false, VT_RTC_EDGE_WAS_SET },
        { "pause of an hour", 0, 3601, false, VT_RTC_EDGE_JUMPED },
        { "summer time", 0, 3601, true, VT_RTC_EDGE_WAS_SET },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtRtcGrid grid = { .is_local_time = cases[i].is_local_time };
        g_test_message("%s", cases[i].name);
        g_assert_cmpint(judge(&grid, 0, 100), ==, VT_RTC_EDGE_FIRST);
        g_assert_cmpint(judge(&grid, VT_NS_PER_SEC + cases[i].late_ns, 100 + cases[i].seconds),
                        ==, cases[i].kind);
        if (cases[i].kind == VT_RTC_EDGE_IN_PHASE)
            continue;
        /* The overdue edge is no edge of the new grid. */
        g_assert_cmpint(judge(&grid, 9 * VT_NS_PER_SEC + 600000000, 500), ==,
                        VT_RTC_EDGE_FIRST);
        g_assert_cmpint(judge(&grid, 10 * VT_NS_PER_SEC + 600000000, 501), ==,
                        VT_RTC_EDGE_IN_PHASE);
    }
}

static void
test_grid_follows_an_oscillator_of_its_own(void)
{
    VtRtcGrid grid = { 0 };
    VtNs raw_ns = 0;
    (void)judge(&grid, 0, 0);
    for (int64_t second = 1; second < 3600; second++) {
        VtNs lag_ns = g_test_rand_int_range(0, 4 * (int)VT_NS_PER_MS);
        raw_ns += VT_NS_PER_SEC + 100 * VT_NS_PER_US; /* 100 ppm */
        g_assert_cmpint(judge(&grid, raw_ns + lag_ns, second), ==, VT_RTC_EDGE_IN_PHASE);
    }
}

static VtRtcWitness
witness(VtNs ahead_ns, bool is_true)
{
    return (VtRtcWitness){
        .true_at = { .ns = 100 * VT_NS_PER_SEC + ahead_ns },
        .error_ns = VT_NS_PER_MS,
        .is_true = is_true,
    };
}

static void
test_phase_believes_the_better_witness(void)
{
    VtRtcPhase phase = { 0 };
    VtWall second = { .ns = 100 * VT_NS_PER_SEC };
    VtRtcWitness own = witness(700 * VT_NS_PER_MS, false);
    VtRtcWitness good = witness(300 * VT_NS_PER_MS, true);
    VtRtcWitness other = witness(500 * VT_NS_PER_MS, true);

    g_assert_true(vt_rtc_phase_learn(&phase, second, &own));
    g_assert_false(phase.is_true);
    g_assert_true(vt_rtc_phase_learn(&phase, second, &good));
    g_assert_true(phase.is_true);
    g_assert_cmpint(phase.ahead_ns, ==, 300 * VT_NS_PER_MS);
    g_assert_false(vt_rtc_phase_learn(&phase, second, &own));

    /* One contradiction may be anything; two: somebody has set the RTC. */
    g_assert_false(vt_rtc_phase_learn(&phase, second, &other));
    g_assert_cmpint(phase.ahead_ns, ==, 300 * VT_NS_PER_MS);
    g_assert_true(vt_rtc_phase_learn(&phase, second, &other));
    g_assert_cmpint(phase.ahead_ns, ==, 500 * VT_NS_PER_MS);
    g_assert_cmpuint(phase.n_sets, ==, 1);
    /* Its age costs: 15 ppm of a day. */
    second.ns += 86400 * VT_NS_PER_SEC;
    g_assert_cmpint(vt_rtc_phase_get_error(&phase, second), >=, 1296 * VT_NS_PER_MS);
    g_assert_false(vt_rtc_phase_is_local_time(&phase));
}

/* Edges of an RTC whose phase is known, on a clock that is right. */
static void
test_write_of_the_kernel_is_recognised(void)
{
    static const struct {
        const char *name;
        VtNs ahead_ns;       /* as it was learnt */
        VtNs shown_ahead_ns; /* by the clock, at the edge off the grid */
        VtNs next_ahead_ns;  /* and at the one after it */
        VtNs expected_ns;
        VtRtcEdgeKind kind;          /* by the grid */
        VtRtcEdgeKind expected_kind; /* and with what is known of writes */
    } cases[] = {
        { "in phase, a second on", 700 * VT_NS_PER_MS, -299 * VT_NS_PER_MS, -299 * VT_NS_PER_MS,
          -300 * VT_NS_PER_MS, VT_RTC_EDGE_JUMPED, VT_RTC_EDGE_FIRST },
        { "in phase, a second back", -700 * VT_NS_PER_MS, 301 * VT_NS_PER_MS,
          301 * VT_NS_PER_MS, 300 * VT_NS_PER_MS, VT_RTC_EDGE_WAS_SET, VT_RTC_EDGE_FIRST },
        { "pause of a second", 300 * VT_NS_PER_MS, -700 * VT_NS_PER_MS, -700 * VT_NS_PER_MS,
          300 * VT_NS_PER_MS, VT_RTC_EDGE_JUMPED, VT_RTC_EDGE_JUMPED },
        { "pause of a minute", 700 * VT_NS_PER_MS, -59300 * VT_NS_PER_MS, -59300 * VT_NS_PER_MS,
          700 * VT_NS_PER_MS, VT_RTC_EDGE_JUMPED, VT_RTC_EDGE_JUMPED },
        { "with the clock's seconds", 300 * VT_NS_PER_MS, 12 * VT_NS_PER_MS, 11 * VT_NS_PER_MS,
          11 * VT_NS_PER_MS, VT_RTC_EDGE_OFF_PHASE, VT_RTC_EDGE_OFF_PHASE },
        { "local time", -7200 * VT_NS_PER_SEC + 300 * VT_NS_PER_MS,
          -7200 * VT_NS_PER_SEC + 2 * VT_NS_PER_MS, -7200 * VT_NS_PER_SEC + 3 * VT_NS_PER_MS,
          -7200 * VT_NS_PER_SEC + 2 * VT_NS_PER_MS, VT_RTC_EDGE_OFF_PHASE,
          VT_RTC_EDGE_OFF_PHASE },
        { "late once", 1 * VT_NS_PER_MS, 20 * VT_NS_PER_MS, 1 * VT_NS_PER_MS, 1 * VT_NS_PER_MS,
          VT_RTC_EDGE_OFF_PHASE, VT_RTC_EDGE_OFF_PHASE },
        { "pause of less than a second", 300 * VT_NS_PER_MS, 900 * VT_NS_PER_MS,
          900 * VT_NS_PER_MS, 300 * VT_NS_PER_MS, VT_RTC_EDGE_OFF_PHASE,
          VT_RTC_EDGE_OFF_PHASE },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtRtcPhase phase = { 0 };
        VtWall second = { .ns = 100 * VT_NS_PER_SEC };
        VtRtcWitness good = witness(cases[i].ahead_ns, true);
        g_test_message("%s", cases[i].name);
        (void)vt_rtc_phase_learn(&phase, second, &good);

        g_assert_cmpint(vt_rtc_phase_judge_write(&phase, cases[i].kind, second,
                                                 vt_wall_add(second, cases[i].shown_ahead_ns)),
                        ==, cases[i].expected_kind);
        second = vt_wall_add(second, VT_NS_PER_SEC);
        g_assert_cmpint(vt_rtc_phase_judge_write(&phase, VT_RTC_EDGE_FIRST, second,
                                                 vt_wall_add(second, cases[i].next_ahead_ns)),
                        ==, VT_RTC_EDGE_FIRST);
        g_assert_cmpint(phase.ahead_ns, ==, cases[i].expected_ns);
        g_assert_true(phase.is_true);
        g_assert_cmpuint(phase.n_sets, ==, 0);
    }
}

/*
 * Two edges in a row that come late look like a write that moved them: the bound allows for
 * both.
 */
static void
test_small_move_is_within_the_bound_either_way(void)
{
    VtRtcPhase phase = { 0 };
    VtWall second = { .ns = 100 * VT_NS_PER_SEC };
    VtRtcWitness good = witness(VT_NS_PER_MS, true);
    (void)vt_rtc_phase_learn(&phase, second, &good);
    for (int i = 0; i < 2; i++)
        (void)vt_rtc_phase_judge_write(&phase,
                                       i == 0 ? VT_RTC_EDGE_OFF_PHASE : VT_RTC_EDGE_FIRST,
                                       second, vt_wall_add(second, 20 * VT_NS_PER_MS));

    g_assert_cmpint(phase.ahead_ns, ==, 20 * VT_NS_PER_MS);
    g_assert_cmpint(vt_rtc_phase_get_error(&phase, second), >=, 19 * VT_NS_PER_MS);
}

/* A clock that is not synchronised the kernel does not write. */
static void
test_stopwatch_is_written_by_nobody(void)
{
    VtRtcPhase phase = { 0 };
    VtWall second = { .ns = 100 * VT_NS_PER_SEC };
    VtRtcWitness own = witness(700 * VT_NS_PER_MS, false);
    (void)vt_rtc_phase_learn(&phase, second, &own);

    g_assert_cmpint(vt_rtc_phase_judge_write(&phase, VT_RTC_EDGE_JUMPED, second,
                                             vt_wall_add(second, -300 * VT_NS_PER_MS)),
                    ==, VT_RTC_EDGE_JUMPED);
    g_assert_cmpint(phase.ahead_ns, ==, 700 * VT_NS_PER_MS);
}

static void
test_local_time_is_recognised(void)
{
    VtRtcPhase phase = { 0 };
    VtRtcWitness two_hours = witness(-7200 * VT_NS_PER_SEC + PHASE_NS, true);
    g_assert_true(
        vt_rtc_phase_learn(&phase, (VtWall){ .ns = 100 * VT_NS_PER_SEC }, &two_hours));
    g_assert_true(vt_rtc_phase_is_local_time(&phase));
    g_assert_cmpint(phase.ahead_ns, ==, -7200 * VT_NS_PER_SEC + PHASE_NS);
}

/* Looks at an RTC whose edges are at whole seconds of @raw, from @begin_ns on. */
static void
test_search_finds_each_fourth_edge_to_a_millisecond(void)
{
    VtRtcSearch search = { 0 };
    VtNs raw_ns = 1234567890;
    unsigned n_looks = 0;
    unsigned n_edges = 0;
    while (raw_ns < 60 * VT_NS_PER_SEC) {
        VtWall second = { .ns = raw_ns / VT_NS_PER_SEC * VT_NS_PER_SEC };
        VtRtcLook look = vt_rtc_search_look(&search, (VtMono){ .ns = raw_ns }, second);
        n_looks += 1;
        if (look.is_edge) {
            n_edges += 1;
            g_assert_cmpint(raw_ns % VT_NS_PER_SEC, <, 2 * VT_NS_PER_MS);
        }
        /* A timer is late by something. */
        raw_ns += look.wait_ns + g_test_rand_int_range(0, 500000);
    }
    g_assert_cmpuint(n_edges, >=, 8 + 12);
    g_assert_cmpuint(n_edges, <=, 8 + 14);
    /* What it costs: some wake-ups for each edge, once the first is found. */
    g_assert_cmpuint(n_looks, <, 50 + 60 + 8 * n_edges);
}

/*
 * Beside its own looks it is given one each second: that sees the jump, and the next edge is
 * found.
 */
static void
test_search_finds_the_first_edge_after_a_jump(void)
{
    VtRtcSearch search = { 0 };
    VtNs raw_ns = 0;
    VtNs raw_tick_ns = VT_NS_PER_SEC;
    VtNs raw_paused_ns = 0;
    VtNs raw_seen_ns = 0;
    VtNs raw_found_ns = 0;
    VtNs paused_ns = 0;
    while (raw_ns < 30 * VT_NS_PER_SEC && raw_found_ns == 0) {
        VtWall second = { .ns = (raw_ns + paused_ns) / VT_NS_PER_SEC * VT_NS_PER_SEC };
        VtWall before = search.shown;
        VtRtcLook look = vt_rtc_search_look(&search, (VtMono){ .ns = raw_ns }, second);
        if (look.is_edge && vt_wall_diff(second, before) > 50 * VT_NS_PER_SEC)
            raw_seen_ns = raw_ns;
        else if (look.is_edge && raw_seen_ns > 0)
            raw_found_ns = raw_ns;
        VtNs raw_next_ns = raw_ns + look.wait_ns;
        while (raw_tick_ns <= raw_ns)
            raw_tick_ns += VT_NS_PER_SEC + g_test_rand_int_range(0, 1000000);
        raw_ns = vt_ns_min(raw_next_ns, raw_tick_ns);
        if (raw_ns > 20 * VT_NS_PER_SEC && paused_ns == 0) {
            paused_ns = 60 * VT_NS_PER_SEC + 300 * VT_NS_PER_MS;
            raw_paused_ns = raw_ns;
        }
    }
    g_assert_cmpint(raw_seen_ns - raw_paused_ns, <=, 1001 * VT_NS_PER_MS);
    g_assert_cmpint(raw_found_ns - raw_seen_ns, <=, 1003 * VT_NS_PER_MS);
    g_assert_cmpint((raw_found_ns + paused_ns) % VT_NS_PER_SEC, <=, 2 * VT_NS_PER_MS);
}

/* A process is held up now and then; what it sees late must not cost it the next edges, too. */
static void
test_search_goes_on_after_an_edge_it_missed(void)
{
    VtRtcSearch search = { 0 };
    VtNs raw_ns = 0;
    VtNs raw_edge_ns = 0;
    unsigned n_edges = 0;
    bool was_held_up = false;
    while (raw_ns < 60 * VT_NS_PER_SEC) {
        VtWall second = { .ns = raw_ns / VT_NS_PER_SEC * VT_NS_PER_SEC };
        VtRtcLook look = vt_rtc_search_look(&search, (VtMono){ .ns = raw_ns }, second);
        if (look.is_edge) {
            /* Held up around the fourth edge: that one is missed, and no other. */
            if (n_edges >= 1 && n_edges < 7)
                g_assert_cmpint(raw_ns - raw_edge_ns, <,
                                (n_edges == 3 ? 2100 : 1100) * VT_NS_PER_MS);
            g_assert_cmpint(raw_ns % VT_NS_PER_SEC, <=, 3 * VT_NS_PER_MS);
            raw_edge_ns = raw_ns;
            n_edges += 1;
        }
        bool is_held_up = n_edges == 3 && !was_held_up && look.wait_ns > VT_NS_PER_SEC / 2;
        was_held_up |= is_held_up;
        raw_ns +=
            look.wait_ns + (is_held_up ? 12 * VT_NS_PER_MS : g_test_rand_int_range(0, 1900000));
    }
    g_assert_cmpuint(n_edges, >=, 18);
}

static void
test_search_finds_each_edge_for_one_who_waits(void)
{
    VtRtcSearch search = { 0 };
    VtNs raw_ns = 0;
    VtNs raw_edge_ns = 0;
    VtNs raw_wanted_ns = 0;
    while (raw_ns < 40 * VT_NS_PER_SEC) {
        VtWall second = { .ns = raw_ns / VT_NS_PER_SEC * VT_NS_PER_SEC };
        VtRtcLook look = vt_rtc_search_look(&search, (VtMono){ .ns = raw_ns }, second);
        if (look.is_edge)
            raw_edge_ns = raw_ns;
        if (look.is_edge && raw_wanted_ns > 0)
            break;
        raw_ns += look.wait_ns;
        if (raw_ns > 20 * VT_NS_PER_SEC && look.wait_ns > 2 * VT_NS_PER_SEC) {
            raw_wanted_ns = raw_edge_ns + 1700 * VT_NS_PER_MS;
            raw_ns = raw_wanted_ns +
                     vt_rtc_search_want_each(&search, (VtMono){ .ns = raw_wanted_ns });
        }
    }
    g_assert_cmpint(raw_wanted_ns, >, 0);
    g_assert_cmpint(raw_edge_ns - raw_wanted_ns, >, 0);
    g_assert_cmpint(raw_edge_ns - raw_wanted_ns, <, VT_NS_PER_SEC);
}

static void
test_interrupt_of_an_hpet_is_told(void)
{
    static const char *const of_the_rtc = "rtc_time\t: 18:12:01\nalrm_pending\t: no\n"
                                          "update IRQ enabled\t: yes\n"
                                          "HPET_emulated\t: no\nBCD\t\t: yes\n";
    static const char *const of_an_hpet = "rtc_time\t: 18:12:01\nalrm_pending\t: yes\n"
                                          "periodic_IRQ\t: no\nupdate_IRQ\t: no\n"
                                          "HPET_emulated\t: yes\nBCD\t\t: yes\n";
    g_assert_false(vt_rtc_system_names_hpet(""));
    g_assert_false(vt_rtc_system_names_hpet("HPET_emulated"));
    g_assert_false(vt_rtc_system_names_hpet("HPET_emulated\n: yes"));
    g_assert_false(vt_rtc_system_names_hpet(of_the_rtc));
    g_assert_true(vt_rtc_system_names_hpet(of_an_hpet));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/rtc-phase/grid-tells-late-from-paused-from-set",
                    test_grid_tells_late_from_paused_from_set);
    g_test_add_func("/agent/rtc-phase/grid-follows-an-oscillator-of-its-own",
                    test_grid_follows_an_oscillator_of_its_own);
    g_test_add_func("/agent/rtc-phase/phase-believes-the-better-witness",
                    test_phase_believes_the_better_witness);
    g_test_add_func("/agent/rtc-phase/write-of-the-kernel-is-recognised",
                    test_write_of_the_kernel_is_recognised);
    g_test_add_func("/agent/rtc-phase/small-move-is-within-the-bound-either-way",
                    test_small_move_is_within_the_bound_either_way);
    g_test_add_func("/agent/rtc-phase/stopwatch-is-written-by-nobody",
                    test_stopwatch_is_written_by_nobody);
    g_test_add_func("/agent/rtc-phase/local-time-is-recognised", test_local_time_is_recognised);
    g_test_add_func("/agent/rtc-phase/search-finds-each-fourth-edge-to-a-millisecond",
                    test_search_finds_each_fourth_edge_to_a_millisecond);
    g_test_add_func("/agent/rtc-phase/search-finds-the-first-edge-after-a-jump",
                    test_search_finds_the_first_edge_after_a_jump);
    g_test_add_func("/agent/rtc-phase/search-goes-on-after-an-edge-it-missed",
                    test_search_goes_on_after_an_edge_it_missed);
    g_test_add_func("/agent/rtc-phase/search-finds-each-edge-for-one-who-waits",
                    test_search_finds_each_edge_for_one_who_waits);
    g_test_add_func("/agent/rtc-phase/interrupt-of-an-hpet-is-told",
                    test_interrupt_of_an_hpet_is_told);
    return g_test_run();
}
