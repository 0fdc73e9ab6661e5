/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/choice.h"

#define N_TICKS 100

static VtCandidate
make(VtSourceClass source_class, VtNs distance_us)
{
    return (VtCandidate){
        .is_usable = true,
        .is_synchronised = true,
        .source_class = source_class,
        .distance_ns = distance_us * VT_NS_PER_US,
    };
}

/* How many changes there are in @n_ticks of the same. */
static unsigned
run(VtChoice *choice, const VtCandidate *candidates, size_t n_candidates, unsigned n_ticks)
{
    unsigned n_changes = 0;
    for (unsigned i = 0; i < n_ticks; i++)
        n_changes += vt_choice_judge(choice, candidates, n_candidates, false);
    return n_changes;
}

static void
test_nobody_is_chosen_of_none(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100) };
    VtChoice choice;
    vt_choice_init(&choice);
    candidates[0].is_usable = false;

    g_assert_cmpuint(run(&choice, candidates, 1, 3), ==, 0);
    g_assert_cmpuint(choice.current, ==, VT_CHOICE_NONE);
}

static void
test_first_choice(void)
{
    static const struct {
        const char *name;
        VtNs link_us;
        VtNs server_us;
        bool link_synchronised;
        bool server_synchronised;
        size_t chosen; /* 0 the link, 1 the server */
    } rows[] = {
        { "nearest", 50000, 10000, true, true, 1 },
        { "class of equals", 15000, 10000, true, true, 0 },
        { "synchronised before near", 100, 40000, false, true, 1 },
        { "wrong both", 100, 40000, false, false, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtCandidate candidates[] = {
            make(VT_SOURCE_LINK, rows[i].link_us),
            make(VT_SOURCE_SERVER, rows[i].server_us),
        };
        VtChoice choice;
        vt_choice_init(&choice);
        candidates[0].is_synchronised = rows[i].link_synchronised;
        candidates[1].is_synchronised = rows[i].server_synchronised;
        g_test_message("%s", rows[i].name);

        g_assert_true(vt_choice_judge(&choice, candidates, 2, false));
        g_assert_cmpuint(choice.current, ==, rows[i].chosen);
        g_assert_cmpuint(run(&choice, candidates, 2, N_TICKS), ==, 0);
    }
}

static void
test_equals_do_not_take_turns(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_SERVER, 10000), make(VT_SOURCE_SERVER, 9000) };
    VtChoice choice;
    unsigned n_changes = 0;
    vt_choice_init(&choice);

    for (int i = 0; i < N_TICKS; i++) {
        candidates[i % 2].distance_ns = 6 * VT_NS_PER_MS;
        candidates[1 - i % 2].distance_ns = 11 * VT_NS_PER_MS;
        n_changes += vt_choice_judge(&choice, candidates, 2, false);
    }

    g_assert_cmpuint(n_changes, ==, 1);
}

static void
test_occasional_victory_changes_nothing(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_SERVER, 1000), make(VT_SOURCE_SERVER, 2000) };
    VtChoice choice;
    vt_choice_init(&choice);
    run(&choice, candidates, 2, 1);

    for (int i = 0; i < N_TICKS; i++) {
        candidates[0].distance_ns = i % 5 == 0 ? VT_NS_PER_MS : 10 * VT_NS_PER_MS;
        g_assert_false(vt_choice_judge(&choice, candidates, 2, false));
    }
}

static void
test_lasting_victory_changes_once(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_SERVER, 1000), make(VT_SOURCE_SERVER, 9000) };
    VtChoice choice;
    vt_choice_init(&choice);
    run(&choice, candidates, 2, 1);

    candidates[0].distance_ns = 90 * VT_NS_PER_MS;

    g_assert_cmpuint(run(&choice, candidates, 2, 7), ==, 0);
    g_assert_cmpuint(run(&choice, candidates, 2, N_TICKS), ==, 1);
    g_assert_cmpuint(choice.current, ==, 1);
}

static void
test_failed_reference_is_left_at_once(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100), make(VT_SOURCE_SERVER, 9000) };
    VtChoice choice;
    vt_choice_init(&choice);
    run(&choice, candidates, 2, 1);

    candidates[0].is_usable = false;

    g_assert_true(vt_choice_judge(&choice, candidates, 2, false));
    g_assert_cmpuint(choice.current, ==, 1);
}

static void
test_unsynchronised_reference_is_left_at_once(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100), make(VT_SOURCE_SERVER, 9000) };
    VtChoice choice;
    vt_choice_init(&choice);
    run(&choice, candidates, 2, 1);

    candidates[0].is_synchronised = false;

    g_assert_true(vt_choice_judge(&choice, candidates, 2, false));
    g_assert_cmpuint(choice.current, ==, 1);
}

static void
test_last_one_is_kept_when_all_fail(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100) };
    VtChoice choice;
    vt_choice_init(&choice);
    run(&choice, candidates, 1, 1);

    candidates[0].is_usable = false;

    g_assert_cmpuint(run(&choice, candidates, 1, N_TICKS), ==, 0);
    g_assert_cmpuint(choice.current, ==, 0);
}

static void
test_better_one_is_taken_at_once_in_an_emergency(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100), make(VT_SOURCE_SERVER, 9000) };
    VtChoice choice;
    vt_choice_init(&choice);
    candidates[0].is_usable = false;
    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 1);

    candidates[0].is_usable = true;

    g_assert_true(vt_choice_judge(&choice, candidates, 2, true));
    g_assert_cmpuint(choice.current, ==, 0);
}

static void
test_preferred_one_is_followed_while_it_serves(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100), make(VT_SOURCE_SERVER, 50000) };
    VtChoice choice;
    vt_choice_init(&choice);
    candidates[1].is_preferred = true;

    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 1);
    candidates[1].is_usable = false;
    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 0);
    candidates[1].is_usable = true;
    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 1);
    candidates[1].is_synchronised = false;
    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 0);
}

static void
test_nobody_is_followed_without_the_required_one(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_LINK, 100), make(VT_SOURCE_SERVER, 50000) };
    VtChoice choice;
    vt_choice_init(&choice);
    candidates[1].is_required = true;
    candidates[1].is_usable = false;

    run(&choice, candidates, 2, N_TICKS);
    g_assert_cmpuint(choice.current, ==, VT_CHOICE_NONE);
    candidates[1].is_usable = true;
    run(&choice, candidates, 2, 1);
    g_assert_cmpuint(choice.current, ==, 0);
}

static void
test_equals_take_no_turns_in_a_hurry(void)
{
    VtCandidate candidates[] = { make(VT_SOURCE_SERVER, 1000), make(VT_SOURCE_SERVER, 1000) };
    VtChoice choice;
    vt_choice_init(&choice);
    vt_choice_judge(&choice, candidates, 2, true);
    size_t first = choice.current;

    candidates[1 - first].distance_ns = 200 * VT_NS_PER_US;
    g_assert_false(vt_choice_judge(&choice, candidates, 2, true));
    candidates[1 - first].distance_ns = 100 * VT_NS_PER_US;
    g_assert_true(vt_choice_judge(&choice, candidates, 2, true));
}

static void
test_forgotten_one_leaves_the_others_where_they_are(void)
{
    static const struct {
        VtChoice before;
        size_t index;
        VtChoice after;
    } rows[] = {
        { { 2, 3, 4 }, 1, { 1, 2, 4 } },
        { { 2, 1, 4 }, 3, { 2, 1, 4 } },
        { { 2, 3, 4 }, 2, { VT_CHOICE_NONE, 2, 0 } },
        { { 2, 3, 4 }, 3, { 2, VT_CHOICE_NONE, 0 } },
        { { VT_CHOICE_NONE, VT_CHOICE_NONE, 0 }, 0, { VT_CHOICE_NONE, VT_CHOICE_NONE, 0 } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtChoice choice = rows[i].before;
        vt_choice_forget(&choice, rows[i].index);
        g_assert_cmpuint(choice.current, ==, rows[i].after.current);
        g_assert_cmpuint(choice.challenger, ==, rows[i].after.challenger);
        g_assert_cmpuint(choice.n_victories, ==, rows[i].after.n_victories);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/choice/nobody-is-chosen-of-none", test_nobody_is_chosen_of_none);
    g_test_add_func("/core/choice/first-choice", test_first_choice);
    g_test_add_func("/core/choice/equals-do-not-take-turns", test_equals_do_not_take_turns);
    g_test_add_func("/core/choice/occasional-victory-changes-nothing",
                    test_occasional_victory_changes_nothing);
    g_test_add_func("/core/choice/lasting-victory-changes-once",
                    test_lasting_victory_changes_once);
    g_test_add_func("/core/choice/failed-reference-is-left-at-once",
                    test_failed_reference_is_left_at_once);
    g_test_add_func("/core/choice/unsynchronised-reference-is-left-at-once",
                    test_unsynchronised_reference_is_left_at_once);
    g_test_add_func("/core/choice/last-one-is-kept-when-all-fail",
                    test_last_one_is_kept_when_all_fail);
    g_test_add_func("/core/choice/better-one-is-taken-at-once-in-an-emergency",
                    test_better_one_is_taken_at_once_in_an_emergency);
    g_test_add_func("/core/choice/preferred-one-is-followed-while-it-serves",
                    test_preferred_one_is_followed_while_it_serves);
    g_test_add_func("/core/choice/nobody-is-followed-without-the-required-one",
                    test_nobody_is_followed_without_the_required_one);
    g_test_add_func("/core/choice/equals-take-no-turns-in-a-hurry",
                    test_equals_take_no_turns_in_a_hurry);
    g_test_add_func("/core/choice/forgotten-one-leaves-the-others-where-they-are",
                    test_forgotten_one_leaves_the_others_where_they_are);
    return g_test_run();
}
