/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/rtc-edge.h"

typedef struct {
    VtRtc *const *slot;
    VtRtc *rtc; /* NULL: none yet */
    VtHintFunc on_hint;
    void *user_data;
} RtcEdgeHint;

static void
tell(const RtcEdgeHint *source, const char *name, bool is_strong)
{
    VtHint hint = { .name = name, .is_strong = is_strong };
    source->on_hint(&hint, source->user_data);
}

static void
on_edge(const VtRtcEdge *edge, void *user_data)
{
    const RtcEdgeHint *source = user_data;
    switch (edge->kind) {
    case VT_RTC_EDGE_FIRST:
    case VT_RTC_EDGE_IN_PHASE:
        return;
    case VT_RTC_EDGE_OFF_PHASE:
        tell(source, "rtc-edge", false);
        return;
    case VT_RTC_EDGE_JUMPED:
        tell(source, "rtc-jump", true);
        return;
    case VT_RTC_EDGE_WAS_SET:
        tell(source, "rtc-set", false);
        return;
    }
    g_assert_not_reached();
}

static void
rtc_edge_tick(void *instance)
{
    RtcEdgeHint *source = instance;
    if (source->rtc != NULL || *source->slot == NULL)
        return;
    source->rtc = *source->slot;
    vt_rtc_add_listener(source->rtc, on_edge, source);
}

static void
rtc_edge_free(void *instance)
{
    RtcEdgeHint *source = instance;
    if (source->rtc != NULL)
        vt_rtc_remove_listener(source->rtc, on_edge, source);
    g_free(source);
}

static const VtHintKind rtc_edge_kind = {
    .name = "rtc-edge",
    .tick = rtc_edge_tick,
    .free = rtc_edge_free,
};

VtHintSource
vt_hint_rtc_edge_new(VtRtc *const *slot, VtHintFunc on_hint, void *user_data)
{
    RtcEdgeHint *source = g_new0(RtcEdgeHint, 1);
    source->slot = slot;
    source->on_hint = on_hint;
    source->user_data = user_data;
    rtc_edge_tick(source);
    return (VtHintSource){ .kind = &rtc_edge_kind, .instance = source };
}
