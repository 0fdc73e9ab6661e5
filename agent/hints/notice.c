/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/notice.h"

typedef struct {
    VtLink *link;
    VtHintFunc on_hint;
    void *user_data;
} NoticeHint;

static bool
allows_backward(VtLinkCause cause)
{
    /* A revert or another host can have its clock behind ours; a pause never can. */
    return cause == VT_LINK_CAUSE_REVERTED || cause == VT_LINK_CAUSE_MIGRATED_IN ||
           cause == VT_LINK_CAUSE_HOST_CLOCK_STEPPED;
}

static void
on_notice(const VtLinkNotice *notice, void *user_data)
{
    const NoticeHint *source = user_data;
    VtHint hint = {
        .name = "notice",
        .is_strong = vt_link_cause_is_strong(notice->cause),
        .allows_backward = allows_backward(notice->cause),
        .moves_host = notice->cause == VT_LINK_CAUSE_HOST_CLOCK_STEPPED ||
                      notice->cause == VT_LINK_CAUSE_MIGRATED_IN,
        .reopens_rate = notice->cause == VT_LINK_CAUSE_MIGRATED_IN,
        .is_declared =
            notice->cause == VT_LINK_CAUSE_RESTORED || notice->cause == VT_LINK_CAUSE_REVERTED,
        .notice = notice,
    };
    source->on_hint(&hint, source->user_data);
}

static void
on_epoch(void *user_data)
{
    const NoticeHint *source = user_data;
    VtHint hint = { .name = "epoch" };
    source->on_hint(&hint, source->user_data);
}

static void
notice_free(void *instance)
{
    NoticeHint *source = instance;
    vt_link_set_notice_func(source->link, NULL, NULL);
    vt_link_set_epoch_func(source->link, NULL, NULL);
    g_free(source);
}

static const VtHintKind notice_kind = {
    .name = "notice",
    .free = notice_free,
};

VtHintSource
vt_hint_notice_new(VtLink *link, VtHintFunc on_hint, void *user_data)
{
    NoticeHint *source = g_new0(NoticeHint, 1);
    source->link = link;
    source->on_hint = on_hint;
    source->user_data = user_data;
    vt_link_set_notice_func(link, on_notice, source);
    vt_link_set_epoch_func(link, on_epoch, source);
    return (VtHintSource){ .kind = &notice_kind, .instance = source };
}
