/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hint-list.h"

#include "agent/hints/boot-gap.h"
#include "agent/hints/clocksource.h"
#include "agent/hints/link-state.h"
#include "agent/hints/notice.h"
#include "agent/hints/rtc-edge.h"
#include "agent/hints/sleep.h"
#include "agent/hints/uevent.h"
#include "agent/hints/vmclock.h"

#define MOST_SOURCES 16

struct VtHintList {
    VtHintSource sources[MOST_SOURCES];
    size_t n_sources;
    VtClock *clock;
    VtHintFunc on_hint;
    void *user_data;
    VtHint *gathered; /* NULL: hints are passed on */
    VtSignOrder order;
};

static void
add(VtHintList *list, VtHintSource source)
{
    g_assert(list->n_sources < MOST_SOURCES);
    list->sources[list->n_sources++] = source;
}

static void
merge(VtHint *into, const VtHint *hint)
{
    into->allows_backward |= hint->allows_backward;
    into->moves_host |= hint->moves_host;
    into->is_declared |= hint->is_declared;
    into->reopens_rate |= hint->reopens_rate;
}

/*
 * One event has many signs. Those that already show when the first strong one comes are told
 * with it: told at their own tick they would look like another disruption.
 */
static void
on_sign(const VtHint *hint, void *user_data)
{
    VtHintList *list = user_data;
    VtHint whole = *hint;

    vt_sign_order_add(&list->order, hint->name, vt_clock_read(list->clock).raw);
    if (list->gathered != NULL) {
        merge(list->gathered, hint);
        return;
    }
    if (hint->is_strong) {
        list->gathered = &whole;
        for (size_t i = 0; i < list->n_sources; i++) {
            if (vt_hint_source_shows_at_once(&list->sources[i]))
                vt_hint_source_tick(&list->sources[i]);
        }
        list->gathered = NULL;
    }
    list->on_hint(&whole, list->user_data);
}

static void
add_clock_set(VtHintList *list, const VtHintPlaces *places)
{
    g_autoptr(GError) error = NULL;
    if (places->clock_set.kernel == NULL)
        return;
    add(list, vt_hint_clock_set_new(&places->clock_set, places->clock, on_sign, list, &error));
    if (error != NULL)
        g_info("%s; that somebody else sets it is found by the next reading", error->message);
}

VtPipelineHint
vt_hint_to_pipeline(const VtHint *hint)
{
    return (VtPipelineHint){
        .strength = hint->is_strong ? VT_HINT_STRONG : VT_HINT_WEAK,
        .allows_backward = hint->allows_backward,
        .is_declared = hint->is_declared,
        .reopens_rate = hint->reopens_rate,
        .moves_reference = hint->moves_host,
    };
}

VtHintList *
vt_hint_list_new(const VtHintPlaces *places, VtHintFunc on_hint, void *user_data)
{
    VtHintList *list = g_new0(VtHintList, 1);
    list->clock = places->clock;
    list->on_hint = on_hint;
    list->user_data = user_data;

    add(list, vt_hint_notice_new(places->link, on_sign, list));
    add(list, vt_hint_link_state_new(places->link, on_sign, list));
    add(list, vt_hint_boot_gap_new(places->clock, on_sign, list));
    if (places->vmclock != NULL)
        add(list, vt_hint_vmclock_new(places->vmclock, on_sign, list));
    if (places->rtc != NULL)
        add(list, vt_hint_rtc_edge_new(places->rtc, on_sign, list));
    if (places->clocksource_path != NULL)
        add(list, vt_hint_clocksource_new(places->clocksource_path, on_sign, list));
    if (places->udev != NULL)
        add(list, vt_hint_uevent_new(places->udev, on_sign, list));
    if (places->watches_sleep)
        add(list, vt_hint_sleep_new(on_sign, list));
    add_clock_set(list, places);
    return list;
}

void
vt_hint_list_free(VtHintList *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->n_sources; i++)
        vt_hint_source_clear(&list->sources[i]);
    g_free(list);
}

VtSignOrder *
vt_hint_list_get_order(VtHintList *list)
{
    return &list->order;
}

void
vt_hint_list_on_tick(VtHintList *list)
{
    for (size_t i = 0; i < list->n_sources; i++)
        vt_hint_source_tick(&list->sources[i]);
}
