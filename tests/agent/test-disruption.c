/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/disruption.h"

static const VtMono raw_now = { .ns = 1000 };
static const VtMono boot_now = { .ns = 5000 };

static const VtOutcome stepped = {
    .kind = VT_ACTION_STEP,
    .was_announced = true,
    .offset_ns = 30 * VT_NS_PER_SEC,
    .residual_ns = 12,
    .error_ns = 40,
    .raw_first_hint_at = { .ns = 100 },
    .raw_corrected_at = { .ns = 300 },
};

static VtLinkNotice
notice_of(uint64_t counter, VtLinkCause cause)
{
    return (VtLinkNotice){
        .event = { .instance = 3, .counter = counter },
        .cause = (uint8_t)cause,
    };
}

static void
hint(VtDisruptionLog *log, const char *name, const VtLinkNotice *notice)
{
    VtHint hint = { .name = name, .notice = notice };
    vt_disruption_log_on_hint(log, &hint);
}

static void
test_ack_answers_the_latest_notice(void)
{
    VtDisruptionLog log = { 0 };
    VtLinkNotice first = notice_of(1, VT_LINK_CAUSE_RESUMED);
    VtLinkNotice second = notice_of(2, VT_LINK_CAUSE_RESUMED);
    VtLinkAck ack;

    hint(&log, "notice", &first);
    hint(&log, "notice", &second);
    vt_disruption_log_on_outcome(&log, &stepped, raw_now);

    g_assert_true(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));
    g_assert_cmpuint(ack.event.counter, ==, 2);
    g_assert_cmpint(ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpint(ack.offset_ns, ==, 30 * VT_NS_PER_SEC);
    g_assert_cmpint(ack.residual_ns, ==, 12);
    g_assert_cmpstr(ack.reference, ==, "link");
    g_assert_false(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));
}

static void
test_same_event_in_same_epoch_is_a_repeat(void)
{
    VtDisruptionLog log = { 0 };
    VtLinkNotice notice = notice_of(1, VT_LINK_CAUSE_RESUMED);
    VtLinkNotice later = notice;
    VtLinkNotice other = notice_of(2, VT_LINK_CAUSE_RESUMED);
    VtHint repeat = { .name = "notice", .notice = &notice };
    VtHint in_new_epoch = { .name = "notice", .notice = &later };
    VtHint other_event = { .name = "notice", .notice = &other };
    VtLinkAck ack;
    later.epoch += 1;
    g_assert_false(vt_disruption_log_is_repeat(&log, &repeat));

    hint(&log, "notice", &notice);

    g_assert_true(vt_disruption_log_is_repeat(&log, &repeat));
    g_assert_false(vt_disruption_log_is_repeat(&log, &in_new_epoch));
    g_assert_false(vt_disruption_log_is_repeat(&log, &other_event));
    /* Once answered, hostd asks again only because the answer was lost. */
    vt_disruption_log_on_outcome(&log, &stepped, raw_now);
    g_assert_true(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));
    g_assert_false(vt_disruption_log_is_repeat(&log, &repeat));
}

static void
test_ack_tells_times_on_the_boot_clock(void)
{
    VtDisruptionLog log = { 0 };
    VtLinkNotice notice = notice_of(1, VT_LINK_CAUSE_RESUMED);
    VtLinkAck ack;
    hint(&log, "notice", &notice);
    vt_disruption_log_on_outcome(&log, &stepped, raw_now);

    g_assert_true(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));

    g_assert_cmpint(ack.first_hint_at.ns, ==, 4100);
    g_assert_cmpint(ack.corrected_at.ns, ==, 4300);
}

static void
test_first_sign_is_remembered(void)
{
    VtDisruptionLog log = { 0 };
    VtLinkNotice notice = notice_of(1, VT_LINK_CAUSE_RESTORED);

    hint(&log, "link-opened", NULL);
    hint(&log, "notice", &notice);
    vt_disruption_log_on_outcome(&log, &stepped, raw_now);

    g_assert_cmpstr(log.last.hint_name, ==, "link-opened");
    g_assert_cmpint(log.last.cause, ==, VT_LINK_CAUSE_RESTORED);
}

static void
test_unannounced_is_seen_by_reading(void)
{
    VtDisruptionLog log = { 0 };
    VtOutcome outcome = stepped;
    VtLinkAck ack;
    outcome.was_announced = false;

    vt_disruption_log_on_outcome(&log, &outcome, raw_now);

    g_assert_cmpstr(log.last.hint_name, ==, "reading");
    g_assert_cmpint(log.last.cause, ==, VT_LINK_CAUSE_UNKNOWN);
    g_assert_false(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));
}

static void
test_action_is_named_truly(void)
{
    static const struct {
        VtActionKind kind;
        VtRefusal refusal;
        VtLinkAckAction action;
    } rows[] = {
        { VT_ACTION_STEP, VT_REFUSAL_NONE, VT_LINK_ACTION_STEPPED },
        { VT_ACTION_SLEW, VT_REFUSAL_NONE, VT_LINK_ACTION_SLEWED },
        { VT_ACTION_HOLD, VT_REFUSAL_NONE, VT_LINK_ACTION_NONE },
        { VT_ACTION_HOLD, VT_REFUSAL_BACKWARD, VT_LINK_ACTION_REFUSED },
        { VT_ACTION_HOLD, VT_REFUSAL_OBSERVE, VT_LINK_ACTION_OBSERVED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtDisruptionLog log = { 0 };
        VtOutcome outcome = { .kind = rows[i].kind, .refusal = rows[i].refusal };
        vt_disruption_log_on_outcome(&log, &outcome, raw_now);
        g_assert_cmpint(log.last.action, ==, rows[i].action);
    }
}

static void
test_weak_notice_is_answered_by_a_reading(void)
{
    VtDisruptionLog log = { 0 };
    VtLinkNotice weak = notice_of(1, VT_LINK_CAUSE_OPERATOR);
    VtLinkNotice strong = notice_of(2, VT_LINK_CAUSE_RESUMED);
    VtPipelineStatus status = { .offset_ns = 77, .host_error_ns = 88 };
    VtLinkAck ack;

    hint(&log, "notice", &weak);
    g_assert_true(vt_disruption_log_take_weak_ack(&log, "link", &status, boot_now, &ack));
    g_assert_cmpint(ack.action, ==, VT_LINK_ACTION_NONE);
    g_assert_cmpint(ack.offset_ns, ==, 77);

    hint(&log, "notice", &strong);
    g_assert_false(vt_disruption_log_take_weak_ack(&log, "link", &status, boot_now, &ack));
}

static void
test_notice_of_what_is_over_is_no_disruption_of_its_own(void)
{
    VtDisruptionLog log = { 0 };
    VtOutcome outcome = { .kind = VT_ACTION_STEP, .offset_ns = 60, .was_announced = true };
    VtLinkNotice resumed = notice_of(1, VT_LINK_CAUSE_RESUMED);
    VtHint sign = { .name = "notice", .is_strong = true, .notice = &resumed };
    VtMono soon = vt_mono_add(raw_now, 100 * VT_NS_PER_MS);
    VtMono later = vt_mono_add(raw_now, 5 * VT_NS_PER_SEC);
    VtPipelineStatus status = { 0 };
    VtLinkAck ack;
    hint(&log, "vmclock-marker", NULL);
    vt_disruption_log_on_outcome(&log, &outcome, raw_now);
    g_assert_false(vt_disruption_log_take_ack(&log, "link", boot_now, raw_now, &ack));

    g_assert_true(vt_disruption_log_soften(&log, &sign, later).is_strong);
    g_assert_false(vt_disruption_log_soften(&log, &sign, soon).is_strong);
    /* What a reading cannot tell by itself stays strong. */
    sign.allows_backward = true;
    g_assert_true(vt_disruption_log_soften(&log, &sign, soon).is_strong);
    sign.allows_backward = false;
    g_assert_false(vt_disruption_log_soften(&log, &sign, soon).is_strong);
    vt_disruption_log_on_hint(&log, &sign);
    g_assert_true(vt_disruption_log_take_weak_ack(&log, "link", &status, boot_now, &ack));
    g_assert_cmpint(ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpint(ack.offset_ns, ==, 60);
}

#define add(path, function) g_test_add_func("/agent/disruption/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("ack-answers-the-latest-notice", test_ack_answers_the_latest_notice);
    add("same-event-in-same-epoch-is-a-repeat", test_same_event_in_same_epoch_is_a_repeat);
    add("ack-tells-times-on-the-boot-clock", test_ack_tells_times_on_the_boot_clock);
    add("first-sign-is-remembered", test_first_sign_is_remembered);
    add("unannounced-is-seen-by-reading", test_unannounced_is_seen_by_reading);
    add("action-is-named-truly", test_action_is_named_truly);
    add("weak-notice-is-answered-by-a-reading", test_weak_notice_is_answered_by_a_reading);
    add("notice-of-what-is-over-is-no-disruption-of-its-own",
        test_notice_of_what_is_over_is_no_disruption_of_its_own);
    return g_test_run();
}
