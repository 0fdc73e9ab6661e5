/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/uevent.h"

typedef struct {
    VtUdev *udev;
    VtHintFunc on_hint;
    void *user_data;
} UeventHint;

/* NULL for what says nothing of time. */
static const char *
find_name(const VtUdevEvent *event)
{
    if (event->change == VT_UDEV_LOST_EVENTS)
        return "uevents-lost";
    if (event->has_new_vmgenid)
        return "vmgenid";
    if (g_strcmp0(event->subsystem, "cpu") == 0)
        return "cpu-hotplug";
    if (g_strcmp0(event->subsystem, "ptp") == 0)
        return "clock-hotplug";
    return NULL;
}

static void
on_event(const VtUdevEvent *event, void *user_data)
{
    const UeventHint *source = user_data;
    VtHint hint = { .name = find_name(event) };
    if (hint.name != NULL)
        source->on_hint(&hint, source->user_data);
}

static void
uevent_free(void *instance)
{
    UeventHint *source = instance;
    vt_udev_remove_listener(source->udev, on_event, source);
    g_free(source);
}

static const VtHintKind uevent_kind = {
    .name = "uevent",
    .free = uevent_free,
};

VtHintSource
vt_hint_uevent_new(VtUdev *udev, VtHintFunc on_hint, void *user_data)
{
    UeventHint *source = g_new0(UeventHint, 1);
    source->udev = udev;
    source->on_hint = on_hint;
    source->user_data = user_data;
    vt_udev_add_listener(udev, on_event, source);
    return (VtHintSource){ .kind = &uevent_kind, .instance = source };
}
