/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/journal.h"

static const VtDisruptionRecord stepped = {
    .exists = true,
    .cause = VT_LINK_CAUSE_RESUMED,
    .hint_name = "notice",
    .action = VT_LINK_ACTION_STEPPED,
    .has_event = true,
    .event = { .instance = 0xc0ffee, .counter = 3 },
    .outcome = {
        .kind = VT_ACTION_STEP,
        .was_announced = true,
        .offset_ns = 5 * VT_NS_PER_SEC,
        .residual_ns = -20000,
        .error_ns = 150000,
        .raw_first_hint_at = { .ns = 1000 },
        .raw_corrected_at = { .ns = 3001000 },
    },
};

static const VtJournalMoment moment = {
    .wall_at = { .ns = INT64_C(1735689605750000000) },
    .boot_at = { .ns = 60 * VT_NS_PER_SEC },
    .reference = "link",
    .signs = "notice, clock-set +1.2 ms",
    .number = 7,
};

static void
test_record_tells_everything(void)
{
    g_autoptr(GVariant) record =
        g_variant_ref_sink(vt_agent_journal_compose(&stepped, &moment));
    g_autoptr(GVariant) expected = g_variant_ref_sink(g_variant_parse(
        G_VARIANT_TYPE_VARDICT,
        "{'action': <'stepped'>, 'at': <'2025-01-01T00:00:05.750Z'>, 'boot-ns': <int64 "
        "60000000000>, 'cause': <'resumed'>, 'error-ns': <int64 150000>, 'event': "
        "<'0000000000c0ffee-3'>, 'exposure-ns': <int64 3000000>, 'hint': <'notice'>, 'number': "
        "<uint64 7>, 'offset-ns': <int64 5000000000>, 'reference': <'link'>, 'refusal': <''>, "
        "'residual-ns': <int64 -20000>, 'signs': <'notice, clock-set +1.2 ms'>, 'wall-ns': <int64 1735689605750000000>}",
        NULL, NULL, NULL));
    GVariantIter iter;
    const char *key;

    g_assert_cmpuint(g_variant_n_children(record), ==, g_variant_n_children(expected));
    g_variant_iter_init(&iter, expected);
    while (g_variant_iter_next(&iter, "{&sv}", &key, NULL)) {
        g_autoptr(GVariant) wanted = g_variant_lookup_value(expected, key, NULL);
        g_autoptr(GVariant) value = g_variant_lookup_value(record, key, NULL);
        g_test_message("%s", key);
        g_assert_nonnull(value);
        g_assert_cmpvariant(value, wanted);
    }
}

static void
test_recalled_as_the_last_disruption(void)
{
    g_autoptr(GVariant) record =
        g_variant_ref_sink(vt_agent_journal_compose(&stepped, &moment));
    VtWall later = vt_wall_add(moment.wall_at, 34 * VT_NS_PER_SEC);
    g_autoptr(GVariant) last = g_variant_ref_sink(vt_agent_journal_recall(record, later));
    const char *cause = NULL;
    int64_t age_ns = 0;
    int64_t duration_ns = 0;

    g_assert_true(g_variant_lookup(last, "cause", "&s", &cause));
    g_assert_true(g_variant_lookup(last, "age-ns", "x", &age_ns));
    g_assert_true(g_variant_lookup(last, "duration-ns", "x", &duration_ns));
    g_assert_cmpstr(cause, ==, "resumed");
    g_assert_cmpint(age_ns, ==, 34 * VT_NS_PER_SEC);
    g_assert_cmpint(duration_ns, ==, 3000000);
    g_assert_cmpuint(vt_agent_journal_get_number(record), ==, 7);
}

static void
test_nothing_is_recalled_of_nothing(void)
{
    g_autoptr(GVariant) last = g_variant_ref_sink(vt_agent_journal_recall(NULL, (VtWall){ 0 }));
    g_autoptr(GVariant) odd = g_variant_ref_sink(
        g_variant_parse(G_VARIANT_TYPE_VARDICT, "{'number': <int64 -3>}", NULL, NULL, NULL));

    g_assert_cmpuint(g_variant_n_children(last), ==, 0);
    g_assert_cmpuint(vt_agent_journal_get_number(NULL), ==, 0);
    g_assert_cmpuint(vt_agent_journal_get_number(odd), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/journal/record-tells-everything", test_record_tells_everything);
    g_test_add_func("/agent/journal/recalled-as-the-last-disruption",
                    test_recalled_as_the_last_disruption);
    g_test_add_func("/agent/journal/nothing-is-recalled-of-nothing",
                    test_nothing_is_recalled_of_nothing);
    return g_test_run();
}
