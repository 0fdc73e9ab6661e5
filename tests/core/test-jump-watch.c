/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/jump-watch.h"

static const VtDoubt doubt = { .half_width_ns = 3000, .sigma_ns = 1000 };

/* A filter that has seen a straight line. */
typedef struct {
    VtFilter filter;
    VtJumpWatch watch;
    VtNs at_ns;
} Fixture;

static VtJumpNews
feed(Fixture *fixture, VtNs after_ns, VtNs raw_offset_ns, bool is_excluded)
{
    fixture->at_ns += after_ns;
    VtSample sample = { .raw_at = { .ns = fixture->at_ns }, .raw_offset_ns = raw_offset_ns };
    return vt_jump_watch_take(&fixture->watch, &fixture->filter, &sample, &doubt, is_excluded);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    *fixture = (Fixture){ 0 };
    vt_filter_init(&fixture->filter, 0, 100);
    for (int i = 0; i < 300; i++)
        feed(fixture, VT_NS_PER_SEC, i % 2 == 0 ? 300 : -300, false);
}

/* 200 ppm from half a second before the first sample. */
static unsigned
jump(Fixture *fixture)
{
    unsigned n_named = 0;
    for (int i = 0; i < 16; i++) {
        VtNs after_ns = i == 0 ? VT_NS_PER_SEC : 125 * VT_NS_PER_MS;
        VtJumpNews news = feed(fixture, after_ns, 100000 + i * 25000, i < 2);
        n_named += news.jump == VT_JUMP_RATE;
    }
    return n_named;
}

static void
assert_learnt(const Fixture *fixture)
{
    const VtKalman *best = vt_filter_get_best(&fixture->filter);
    g_assert_cmpfloat_with_epsilon(best->rate_ppb, 200000, 3000);
    g_assert_true(vt_jump_watch_is_won(&fixture->watch));
}

static void
test_jump_is_named_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_cmpuint(jump(fixture), ==, 1);

    assert_learnt(fixture);
}

/* A test that began at an odd sample, and was neither won nor refuted, is in nobody's way. */
static void
test_old_doubt_spoils_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    feed(fixture, VT_NS_PER_SEC, 7000, true);
    for (int i = 0; i < 20; i++)
        feed(fixture, VT_NS_PER_SEC, 2500, false);

    jump(fixture);

    assert_learnt(fixture);
}

static void
test_refuted_suspicion_is_told(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    unsigned n_refuted = feed(fixture, VT_NS_PER_SEC, 5000, true).is_refuted;
    for (int i = 0; i < 8; i++)
        n_refuted += feed(fixture, 125 * VT_NS_PER_MS, 0, false).is_refuted;

    g_assert_cmpuint(n_refuted, ==, 1);
    g_assert_false(vt_jump_watch_is_won(&fixture->watch));
}

/* While everything is being learnt, a rate that was mistaken is put right and not named. */
static void
test_first_minutes_name_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    *fixture = (Fixture){ 0 };
    vt_filter_init(&fixture->filter, 0, 100);
    for (int i = 0; i < 100; i++)
        feed(fixture, VT_NS_PER_SEC, 0, false);

    g_assert_cmpuint(jump(fixture), ==, 0);
    assert_learnt(fixture);
}

static void
test_wrong_winner_is_replaced(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    jump(fixture);

    /* It was 100 ppm after all, from now on: the first jump is still being learnt. */
    VtNs from_ns = 100000 + 15 * 25000;
    for (int i = 1; i <= 16; i++)
        feed(fixture, 125 * VT_NS_PER_MS, from_ns + i * 12500, i < 4);

    g_assert_cmpfloat_with_epsilon(vt_filter_get_best(&fixture->filter)->rate_ppb, 100000,
                                   3000);
}

static void
add(const char *path, void (*func)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, func, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/core/jump-watch/jump-is-named-once", test_jump_is_named_once);
    add("/core/jump-watch/old-doubt-spoils-nothing", test_old_doubt_spoils_nothing);
    add("/core/jump-watch/refuted-suspicion-is-told", test_refuted_suspicion_is_told);
    add("/core/jump-watch/first-minutes-name-nothing", test_first_minutes_name_nothing);
    add("/core/jump-watch/wrong-winner-is-replaced", test_wrong_winner_is_replaced);
    return g_test_run();
}
