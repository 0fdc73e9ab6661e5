/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hint-list.h"

#include "agent/hints/boot-gap.h"
#include "agent/hints/link-state.h"
#include "agent/hints/notice.h"

struct VtHintList {
    VtHintSource sources[4]; /* empty ones included */
};

VtHintList *
vt_hint_list_new(const VtHintPlaces *places, VtHintFunc on_hint, void *user_data)
{
    VtHintList *list = g_new0(VtHintList, 1);
    g_autoptr(GError) error = NULL;

    list->sources[0] = vt_hint_notice_new(places->link, on_hint, user_data);
    list->sources[1] = vt_hint_link_state_new(places->link, on_hint, user_data);
    list->sources[2] = vt_hint_boot_gap_new(places->clock, on_hint, user_data);
    if (places->clock_set.kernel != NULL)
        list->sources[3] = vt_hint_clock_set_new(&places->clock_set, places->clock, on_hint,
                                                 user_data, &error);
    if (error != NULL)
        g_info("%s; that somebody else sets it is found by the next reading", error->message);
    return list;
}

void
vt_hint_list_free(VtHintList *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(list->sources); i++)
        vt_hint_source_clear(&list->sources[i]);
    g_free(list);
}

void
vt_hint_list_on_tick(VtHintList *list)
{
    for (size_t i = 0; i < G_N_ELEMENTS(list->sources); i++)
        vt_hint_source_tick(&list->sources[i]);
}
