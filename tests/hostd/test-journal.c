/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-line.h"
#include "hostd/journal.h"

static const VtWall now = { .ns = INT64_C(1735689605750000000) };

static const VtGuestEvent resumed = {
    .id = { .instance = 0xc0ffee, .counter = 3 },
    .cause = VT_LINK_CAUSE_RESUMED,
    .exists = true,
    .is_acknowledged = true,
    .has_stopped_at = true,
    .stopped_at = { .ns = 1 * VT_NS_PER_SEC },
    .resumed_at = { .ns = 6 * VT_NS_PER_SEC },
    .runs_at = { .ns = 6 * VT_NS_PER_SEC },
};

static const VtGuestRecord acknowledged = {
    .has_ack = true,
    .ack = {
        .action = VT_LINK_ACTION_STEPPED,
        .offset_ns = 5 * VT_NS_PER_SEC,
        .residual_ns = -20000,
        .error_ns = 150000,
        .reference = "link",
    },
    .seen_at_ack = { .is_known = true, .offset_ns = -18000, .error_ns = 60000 },
    .ack_at = { .ns = 6 * VT_NS_PER_SEC + 4 * VT_NS_PER_MS },
};

static void
test_recovery_is_one_line(void)
{
    VtGuestRecovery recovery = {
        .uuid = "c4d23ba6-1dd2-11b2-9c8b-6f8a0d6b2f11",
        .name = "evil\n\"web\"",
        .event = &resumed,
        .record = &acknowledged,
        .wall_now = now,
    };
    g_autofree char *line = vt_json_line_write(vt_hostd_journal_compose(&recovery, false));

    g_assert_cmpstr(
        line, ==,
        "{\"action\":\"stepped\",\"at\":\"2025-01-01T00:00:05.750Z\",\"cause\":\"resumed\","
        "\"error-ns\":150000,\"event\":\"0000000000c0ffee-3\",\"failed\":false,"
        "\"name\":\"evil\\u000a\\\"web\\\"\",\"offset-ns\":5000000000,"
        "\"recovery-ns\":4000000,\"reference\":\"link\",\"residual-ns\":-20000,"
        "\"seen-error-ns\":60000,\"seen-residual-ns\":-18000,\"stand-still-ns\":5000000000,"
        "\"uuid\":\"c4d23ba6-1dd2-11b2-9c8b-6f8a0d6b2f11\",\"wall-ns\":1735689605750000000}");
}

static void
test_guest_that_never_answered_claims_nothing(void)
{
    VtGuestEvent event = { .cause = VT_LINK_CAUSE_RESTORED, .exists = true };
    VtGuestRecovery recovery = {
        .uuid = "u",
        .name = "web",
        .event = &event,
        .record = &acknowledged,
        .wall_now = now,
    };
    g_autoptr(GVariant) record = g_variant_ref_sink(vt_hostd_journal_compose(&recovery, true));
    gboolean failed = FALSE;

    g_assert_true(g_variant_lookup(record, "failed", "b", &failed));
    g_assert_true(failed);
    g_assert_false(g_variant_lookup(record, "action", "s", NULL));
    g_assert_false(g_variant_lookup(record, "residual-ns", "x", NULL));
    g_assert_false(g_variant_lookup(record, "stand-still-ns", "x", NULL));
}

static void
test_host_has_lines_of_its_own(void)
{
    VtHostEvent stepped = {
        .cause = VT_LINK_CAUSE_HOST_CLOCK_STEPPED,
        .span_ns = -3 * VT_NS_PER_SEC,
    };
    VtHostEvent woke = { .cause = VT_LINK_CAUSE_HOST_WOKE, .span_ns = 60 * VT_NS_PER_SEC };
    g_autofree char *step_line =
        vt_json_line_write(vt_hostd_journal_compose_host(&stepped, now));
    g_autofree char *wake_line = vt_json_line_write(vt_hostd_journal_compose_host(&woke, now));

    g_assert_cmpstr(step_line, ==,
                    "{\"at\":\"2025-01-01T00:00:05.750Z\",\"cause\":\"host-clock-stepped\","
                    "\"offset-ns\":-3000000000,\"wall-ns\":1735689605750000000}");
    g_assert_cmpstr(wake_line, ==,
                    "{\"at\":\"2025-01-01T00:00:05.750Z\",\"cause\":\"host-woke\","
                    "\"stand-still-ns\":60000000000,\"wall-ns\":1735689605750000000}");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/journal/recovery-is-one-line", test_recovery_is_one_line);
    g_test_add_func("/hostd/journal/guest-that-never-answered-claims-nothing",
                    test_guest_that_never_answered_claims_nothing);
    g_test_add_func("/hostd/journal/host-has-lines-of-its-own", test_host_has_lines_of_its_own);
    return g_test_run();
}
