/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/agreement.h"

#define MS  VT_NS_PER_MS
#define SEC VT_NS_PER_SEC

static const VtMono raw_now = { .ns = 1000 * VT_NS_PER_SEC };

static VtOpinion
say(VtSourceClass source_class, VtNs offset_ns, VtNs error_ns)
{
    return (VtOpinion){
        .counts = true,
        .source_class = source_class,
        .raw_at = raw_now,
        .raw_offset_ns = offset_ns,
        .error_ns = error_ns,
    };
}

static void
judge_often(const VtOpinion *opinions, VtStanding *standings, size_t n_opinions)
{
    for (int i = 0; i < 5; i++)
        (void)vt_agreement_judge(opinions, standings, n_opinions, raw_now);
}

static void
test_old_words_accuse_nobody(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_HYPERVISOR, 60 * SEC, MS),
    };
    VtStanding standings[3] = { 0 };
    VtMono at = raw_now;
    opinions[0].raw_at.ns -= 10 * SEC;
    opinions[1].raw_at.ns -= 10 * SEC;
    /* A pause of a minute, which the servers have not been asked about yet. */
    for (int i = 0; i < 30; i++) {
        at.ns += SEC;
        opinions[2].raw_at = at;
        g_assert_false(vt_agreement_judge(opinions, standings, 3, at));
    }

    opinions[0].raw_at = at;
    opinions[1].raw_at = at;
    g_assert_true(vt_agreement_judge(opinions, standings, 3, at));
    g_assert_true(standings[2].is_false);
}

static void
test_majority_names_the_one_that_contradicts(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_LINK, 0, 2 * MS),
        say(VT_SOURCE_SERVER, 5 * MS, 10 * MS),
        say(VT_SOURCE_HYPERVISOR, 37 * SEC, MS),
    };
    VtStanding standings[G_N_ELEMENTS(opinions)] = { 0 };

    g_assert_false(vt_agreement_judge(opinions, standings, 3, raw_now));
    g_assert_false(vt_agreement_judge(opinions, standings, 3, raw_now));
    g_assert_true(vt_agreement_judge(opinions, standings, 3, raw_now));
    g_assert_false(vt_agreement_judge(opinions, standings, 3, raw_now));

    g_assert_false(standings[0].is_false);
    g_assert_false(standings[1].is_false);
    g_assert_true(standings[2].is_false);
    g_assert_true(vt_standing_is_vetted(&standings[0]));
    g_assert_false(vt_standing_is_vetted(&standings[2]));
    g_assert_cmpstr(vt_agreement_guess(standings[2].apart_ns), ==,
                    "it seems to show TAI, not UTC");

    /* It came to its senses. */
    opinions[2].raw_offset_ns = 0;
    judge_often(opinions, standings, 3);
    g_assert_false(standings[2].is_false);
}

static void
test_one_bad_reading_accuses_nobody(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_LINK, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
    };
    VtStanding standings[G_N_ELEMENTS(opinions)] = { 0 };
    for (int i = 0; i < 20; i++) {
        opinions[2].raw_offset_ns = i % 3 == 0 ? 0 : SEC;
        g_assert_false(vt_agreement_judge(opinions, standings, 3, raw_now));
    }
}

static void
test_two_that_differ_accuse_nobody(void)
{
    VtOpinion opinions[] = { say(VT_SOURCE_SERVER, 0, MS), say(VT_SOURCE_SERVER, SEC, MS) };
    VtStanding standings[2] = { 0 };
    judge_often(opinions, standings, 2);
    g_assert_false(standings[0].is_false);
    g_assert_false(standings[1].is_false);
}

static void
test_link_has_the_last_word_on_its_hosts_clocks(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_LINK, 0, MS),
        say(VT_SOURCE_HYPERVISOR, 7200 * SEC, MS),
    };
    VtStanding standings[2] = { 0 };
    judge_often(opinions, standings, 2);
    g_assert_false(standings[0].is_false);
    g_assert_true(standings[1].is_false);
    g_assert_cmpstr(vt_agreement_guess(standings[1].apart_ns), ==,
                    "it seems to show local time, not UTC");
}

static void
test_doubt_and_age_are_no_contradiction(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_LINK, 0, MS),
        say(VT_SOURCE_SERVER, 6 * MS, MS),
        say(VT_SOURCE_HYPERVISOR, 80 * MS, 100 * MS),
    };
    VtStanding standings[3] = { 0 };
    opinions[1].raw_at.ns -= 64 * SEC; /* 100 ppm of which are 6.4 ms */
    judge_often(opinions, standings, 3);
    for (size_t i = 0; i < 3; i++)
        g_assert_false(standings[i].is_false);
}

static void
test_who_says_nothing_is_not_counted(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, SEC, MS),
        say(VT_SOURCE_SERVER, SEC, MS),
    };
    VtStanding standings[3] = { 0 };
    opinions[2].counts = false;
    judge_often(opinions, standings, 3);
    for (size_t i = 0; i < 3; i++)
        g_assert_false(standings[i].is_false);
    opinions[2].counts = true;
    judge_often(opinions, standings, 3);
    g_assert_true(standings[0].is_false);
}

static void
test_guesses(void)
{
    static const struct {
        VtNs apart_ns;
        const char *begin;
    } cases[] = {
        { 37 * SEC, "it seems to show TAI" },     { -37 * SEC, "it contradicts" },
        { 3600 * SEC, "it seems to show local" }, { -12600 * SEC, "it seems to show local" },
        { 901 * SEC, "it seems to show local" },  { 1000 * SEC, "it contradicts" },
        { 86400 * SEC * 365, "it contradicts" },  { 5 * MS, "it contradicts" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_true(g_str_has_prefix(vt_agreement_guess(cases[i].apart_ns), cases[i].begin));
}

#define add(path, function) g_test_add_func("/core/agreement/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("majority-names-the-one-that-contradicts",
        test_majority_names_the_one_that_contradicts);
    add("old-words-accuse-nobody", test_old_words_accuse_nobody);
    add("one-bad-reading-accuses-nobody", test_one_bad_reading_accuses_nobody);
    add("two-that-differ-accuse-nobody", test_two_that_differ_accuse_nobody);
    add("link-has-the-last-word-on-its-hosts-clocks",
        test_link_has_the_last_word_on_its_hosts_clocks);
    add("doubt-and-age-are-no-contradiction", test_doubt_and_age_are_no_contradiction);
    add("who-says-nothing-is-not-counted", test_who_says_nothing_is_not_counted);
    add("guesses", test_guesses);
    return g_test_run();
}
