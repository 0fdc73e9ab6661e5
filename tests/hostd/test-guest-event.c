/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-event.h"

static VtLinkEventId
id_of(uint64_t counter)
{
    return (VtLinkEventId){ .instance = 7, .counter = counter };
}

static VtMono
at_sec(int64_t seconds)
{
    return (VtMono){ .ns = seconds * VT_NS_PER_SEC };
}

static VtTell
change(VtGuestEvents *events, VtDomainChange what, uint64_t counter, int64_t seconds)
{
    bool used;
    return vt_guest_events_on_change(events, what, id_of(counter), at_sec(seconds), &used);
}

static void
test_pause_is_told_early_and_again(void)
{
    VtGuestEvents events;
    VtNs span_ns;
    vt_guest_events_init(&events, true);

    g_assert_cmpint(change(&events, VT_DOMAIN_SUSPENDED, 1, 10), ==, VT_TELL_EARLY);
    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 2, 40), ==, VT_TELL_NOTICE);

    g_assert_cmpuint(events.event.id.counter, ==, 1);
    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_RESUMED);
    g_assert_true(vt_guest_event_stand_still(&events.event, &span_ns));
    g_assert_cmpint(span_ns, ==, 30 * VT_NS_PER_SEC);
}

static void
test_both_ends_of_a_pause_raise_the_epoch(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    uint32_t before = events.epoch;

    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    g_assert_cmpuint(events.epoch, ==, before + 1);
    change(&events, VT_DOMAIN_RESUMED, 2, 40);
    g_assert_cmpuint(events.epoch, ==, before + 2);
}

static void
test_standing_guest_is_not_answered(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    uint32_t before = events.epoch;
    g_assert_true(vt_guest_events_may_answer(&events, before, at_sec(12)));

    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);

    g_assert_false(vt_guest_events_may_answer(&events, before, at_sec(12)));
    g_assert_false(vt_guest_events_may_answer(&events, before + 2, at_sec(12)));
}

static void
test_open_epoch_proves_that_the_guest_runs(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    uint32_t told = events.epoch;

    g_assert_true(vt_guest_events_may_answer(&events, told, at_sec(12)));
    change(&events, VT_DOMAIN_RESUMED, 2, 40);

    g_assert_cmpuint(events.epoch, ==, told);
}

static void
test_guest_faster_than_libvirt_is_not_told_again(void)
{
    VtGuestEvents events;
    VtLinkEventId id = id_of(1);
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    g_assert_true(vt_guest_events_may_answer(&events, events.epoch, at_sec(12)));
    g_assert_true(vt_guest_events_on_ack(&events, &id));

    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 2, 40), ==, VT_TELL_NOTHING);
    g_assert_true(events.is_running);
}

static void
test_boot_is_no_disruption(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);

    g_assert_cmpint(change(&events, VT_DOMAIN_BOOTED, 1, 10), ==, VT_TELL_NOTHING);
    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 2, 10), ==, VT_TELL_NOTHING);

    g_assert_false(events.event.is_open);
    g_assert_true(vt_guest_events_may_answer(&events, 0, at_sec(12)));
}

static void
test_restore_is_open_until_the_guest_runs(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);

    g_assert_cmpint(change(&events, VT_DOMAIN_RESTORED, 1, 10), ==, VT_TELL_EARLY);
    g_assert_false(events.is_running);
    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 2, 11), ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_RESTORED);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
}

static void
test_restore_that_libvirt_calls_a_revert_stays_a_restore(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);
    change(&events, VT_DOMAIN_RESTORED, 1, 10);

    g_assert_cmpint(change(&events, VT_DOMAIN_REVERTED_IN_PLACE, 2, 11), ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_RESTORED);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
}

static void
test_revert_of_a_standing_guest_is_a_revert(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);

    g_assert_cmpint(change(&events, VT_DOMAIN_REVERTED_IN_PLACE, 2, 11), ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_REVERTED);
    g_assert_true(events.is_running);
}

static void
test_recovery_is_counted_from_the_first_sign(void)
{
    VtGuestEvents events;
    VtLinkEventId id = id_of(1);
    VtNs span_ns;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    g_assert_true(vt_guest_events_may_answer(&events, events.epoch, at_sec(40)));
    g_assert_true(vt_guest_events_on_ack(&events, &id));
    change(&events, VT_DOMAIN_RESUMED, 2, 43);

    g_assert_true(vt_guest_event_recovery(&events.event, at_sec(42), &span_ns));
    g_assert_cmpint(span_ns, ==, 2 * VT_NS_PER_SEC);
    g_assert_false(vt_guest_event_recovery(&events.event, at_sec(39), &span_ns));
}

static void
test_restored_paused_stays_one_event(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);
    change(&events, VT_DOMAIN_RESTORED, 1, 10);

    g_assert_cmpint(change(&events, VT_DOMAIN_SUSPENDED, 2, 10), ==, VT_TELL_NOTHING);
    change(&events, VT_DOMAIN_RESUMED, 3, 3600);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_RESTORED);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
}

static void
test_revert_in_place_is_told_at_once(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);

    g_assert_cmpint(change(&events, VT_DOMAIN_REVERTED_IN_PLACE, 1, 10), ==, VT_TELL_NOTICE);
    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_REVERTED);
}

static void
test_second_pause_is_another_event(void)
{
    VtGuestEvents events;
    VtLinkEventId first = id_of(1);
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    change(&events, VT_DOMAIN_RESUMED, 2, 11);

    g_assert_cmpint(change(&events, VT_DOMAIN_SUSPENDED, 3, 11), ==, VT_TELL_EARLY);

    g_assert_cmpuint(events.event.id.counter, ==, 3);
    g_assert_false(vt_guest_events_on_ack(&events, &first));
}

static void
test_unacknowledged_notice_becomes_overdue(void)
{
    VtGuestEvents events;
    VtLinkEventId id = id_of(1);
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    g_assert_false(vt_guest_events_is_overdue(&events, at_sec(20), VT_NS_PER_SEC));
    change(&events, VT_DOMAIN_RESUMED, 2, 30);
    vt_guest_events_on_told(&events, at_sec(30));

    g_assert_false(vt_guest_events_is_overdue(&events, at_sec(30), VT_NS_PER_SEC));
    g_assert_true(vt_guest_events_is_overdue(&events, at_sec(31), VT_NS_PER_SEC));
    g_assert_true(vt_guest_events_on_ack(&events, &id));
    g_assert_false(vt_guest_events_is_overdue(&events, at_sec(40), VT_NS_PER_SEC));
}

static void
test_stop_closes_without_a_failure(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);

    g_assert_cmpint(change(&events, VT_DOMAIN_STOPPED, 2, 11), ==, VT_TELL_NOTHING);

    g_assert_false(events.event.is_open);
    g_assert_false(events.event.is_acknowledged);
}

static void
test_operator_cannot_wake_a_standing_guest(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);

    VtTell what = vt_guest_events_open(&events, VT_LINK_CAUSE_OPERATOR, id_of(2), at_sec(11));

    g_assert_cmpint(what, ==, VT_TELL_NOTHING);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
}

#define add(path, function) g_test_add_func("/hostd/guest-event/" path, function)

static void
test_weak_word_does_not_hide_an_open_disruption(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    change(&events, VT_DOMAIN_RESUMED, 2, 40);
    uint32_t epoch = events.epoch;

    g_assert_cmpint(
        vt_guest_events_open(&events, VT_LINK_CAUSE_HOST_SYNCHRONISED, id_of(3), at_sec(41)),
        ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_RESUMED);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
    g_assert_cmpuint(events.epoch, ==, epoch);
}

static void
test_host_step_during_a_pause_goes_with_the_resume(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, true);
    change(&events, VT_DOMAIN_SUSPENDED, 1, 10);
    uint32_t epoch = events.epoch;

    g_assert_cmpint(
        vt_guest_events_open(&events, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, id_of(2), at_sec(20)),
        ==, VT_TELL_NOTHING);
    /* A request that knows the early notice alone was stamped before the step. */
    g_assert_false(vt_guest_events_may_answer(&events, epoch, at_sec(25)));
    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 3, 40), ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
    g_assert_cmpuint(events.event.id.counter, ==, 1);
}

static void
test_host_step_does_not_hide_what_was_restored(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);
    change(&events, VT_DOMAIN_REVERTED, 1, 10);

    vt_guest_events_open(&events, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, id_of(2), at_sec(20));
    change(&events, VT_DOMAIN_RESUMED, 3, 40);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_REVERTED);
}

static void
test_host_step_before_a_first_pause_is_told_of(void)
{
    VtGuestEvents events;
    vt_guest_events_init(&events, false);

    vt_guest_events_open(&events, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, id_of(1), at_sec(20));
    g_assert_cmpint(change(&events, VT_DOMAIN_RESUMED, 2, 40), ==, VT_TELL_NOTICE);

    g_assert_cmpint(events.event.cause, ==, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("pause-is-told-early-and-again", test_pause_is_told_early_and_again);
    add("both-ends-of-a-pause-raise-the-epoch", test_both_ends_of_a_pause_raise_the_epoch);
    add("standing-guest-is-not-answered", test_standing_guest_is_not_answered);
    add("open-epoch-proves-that-the-guest-runs", test_open_epoch_proves_that_the_guest_runs);
    add("guest-faster-than-libvirt-is-not-told-again",
        test_guest_faster_than_libvirt_is_not_told_again);
    add("boot-is-no-disruption", test_boot_is_no_disruption);
    add("restore-is-open-until-the-guest-runs", test_restore_is_open_until_the_guest_runs);
    add("restore-that-libvirt-calls-a-revert-stays-a-restore",
        test_restore_that_libvirt_calls_a_revert_stays_a_restore);
    add("revert-of-a-standing-guest-is-a-revert", test_revert_of_a_standing_guest_is_a_revert);
    add("recovery-is-counted-from-the-first-sign",
        test_recovery_is_counted_from_the_first_sign);
    add("restored-paused-stays-one-event", test_restored_paused_stays_one_event);
    add("revert-in-place-is-told-at-once", test_revert_in_place_is_told_at_once);
    add("second-pause-is-another-event", test_second_pause_is_another_event);
    add("unacknowledged-notice-becomes-overdue", test_unacknowledged_notice_becomes_overdue);
    add("stop-closes-without-a-failure", test_stop_closes_without_a_failure);
    add("operator-cannot-wake-a-standing-guest", test_operator_cannot_wake_a_standing_guest);
    g_test_add_func("/hostd/guest-event/weak-word-does-not-hide-an-open-disruption",
                    test_weak_word_does_not_hide_an_open_disruption);
    g_test_add_func("/hostd/guest-event/host-step-during-a-pause-goes-with-the-resume",
                    test_host_step_during_a_pause_goes_with_the_resume);
    g_test_add_func("/hostd/guest-event/host-step-does-not-hide-what-was-restored",
                    test_host_step_does_not_hide_what_was_restored);
    g_test_add_func("/hostd/guest-event/host-step-before-a-first-pause-is-told-of",
                    test_host_step_before_a_first_pause_is_told_of);
    return g_test_run();
}
