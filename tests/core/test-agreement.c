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

/* What a second of age adds to each interval is as much for those that agree to the hair. */
static void
test_equal_words_that_age_accuse(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 10 * MS, MS),
    };
    VtStanding standings[4] = { 0 };

    for (int i = 0; i < 10; i++) {
        VtMono at = vt_mono_add(raw_now, i * SEC);
        for (int j = 0; j < 4; j++)
            opinions[j].raw_at = vt_mono_add(at, -SEC / 2);
        (void)vt_agreement_judge(opinions, standings, 4, at);
    }

    g_assert_true(standings[3].is_false);
}

static void
test_trusted_one_is_right_against_many(void)
{
    VtOpinion opinions[] = {
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 0, MS),
        say(VT_SOURCE_SERVER, 10 * MS, MS),
    };
    VtStanding standings[4] = { 0 };
    opinions[3].is_trusted = true;

    judge_often(opinions, standings, 4);

    g_assert_false(standings[3].is_false);
    for (int i = 0; i < 3; i++)
        g_assert_true(standings[i].is_false);
}

static void
test_accord_is_weighed(void)
{
    static const struct {
        const char *name;
        VtNs offset_ms[4];
        size_t n_opinions;
        size_t index;
        size_t n_agreeing;
    } rows[] = {
        { "alone", { 0 }, 1, 0, 1 },
        { "two that agree", { 0, 1 }, 2, 0, 2 },
        { "two that do not", { 0, 10 }, 2, 0, 0 },
        { "one of the many", { 0, 0, 1, 10 }, 4, 0, 3 },
        { "one against them", { 0, 0, 1, 10 }, 4, 3, 0 },
        { "two against two", { 0, 0, 10, 10 }, 4, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtOpinion opinions[4];
        for (size_t j = 0; j < rows[i].n_opinions; j++)
            opinions[j] = say(VT_SOURCE_SERVER, rows[i].offset_ms[j] * MS, 2 * MS);
        VtAccord accord =
            vt_agreement_weigh(opinions, rows[i].n_opinions, rows[i].index, raw_now);
        g_test_message("%s", rows[i].name);
        g_assert_cmpuint(accord.n_counting, ==, rows[i].n_opinions);
        g_assert_cmpuint(accord.n_agreeing, ==, rows[i].n_agreeing);
    }
}

static void
test_word_against_the_trusted_is_not_of_the_majority(void)
{
    VtOpinion opinions[] = { say(VT_SOURCE_SERVER, 0, MS), say(VT_SOURCE_SERVER, 10 * MS, MS) };
    opinions[1].is_trusted = true;

    g_assert_cmpuint(vt_agreement_weigh(opinions, 2, 0, raw_now).n_agreeing, ==, 0);
    g_assert_cmpuint(vt_agreement_weigh(opinions, 2, 1, raw_now).n_agreeing, ==, 1);
    opinions[0].raw_offset_ns = 10 * MS;
    g_assert_cmpuint(vt_agreement_weigh(opinions, 2, 0, raw_now).n_agreeing, ==, 2);
}

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
    g_test_add_func("/core/agreement/equal-words-that-age-accuse",
                    test_equal_words_that_age_accuse);
    g_test_add_func("/core/agreement/trusted-one-is-right-against-many",
                    test_trusted_one_is_right_against_many);
    g_test_add_func("/core/agreement/accord-is-weighed", test_accord_is_weighed);
    g_test_add_func("/core/agreement/word-against-the-trusted-is-not-of-the-majority",
                    test_word_against_the_trusted_is_not_of_the_majority);
    return g_test_run();
}
