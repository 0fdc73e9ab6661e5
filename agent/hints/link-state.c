/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/link-state.h"

typedef struct {
    VtLink *link;
    VtHintFunc on_hint;
    void *user_data;
} LinkStateHint;

static const char *
name_of(VtLinkState state)
{
    switch (state) {
    case VT_LINK_STATE_NO_PORT:
        return "link-vanished";
    case VT_LINK_STATE_CLOSED:
        return "link-closed";
    case VT_LINK_STATE_OPEN:
        return "link-opened";
    case VT_LINK_STATE_UP:
        return "link-up";
    }
    g_assert_not_reached();
}

static void
on_state(VtLinkState state, void *user_data)
{
    const LinkStateHint *source = user_data;
    VtHint hint = { .name = name_of(state) };
    source->on_hint(&hint, source->user_data);
}

static void
link_state_free(void *instance)
{
    LinkStateHint *source = instance;
    vt_link_set_state_func(source->link, NULL, NULL);
    g_free(source);
}

static const VtHintKind link_state_kind = {
    .name = "link-state",
    .free = link_state_free,
};

VtHintSource
vt_hint_link_state_new(VtLink *link, VtHintFunc on_hint, void *user_data)
{
    LinkStateHint *source = g_new0(LinkStateHint, 1);
    source->link = link;
    source->on_hint = on_hint;
    source->user_data = user_data;
    vt_link_set_state_func(link, on_state, source);
    return (VtHintSource){ .kind = &link_state_kind, .instance = source };
}
