/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/vmclock.h"

#define PLANNED (VT_VMCLOCK_DISRUPTION_SOON | VT_VMCLOCK_DISRUPTION_IMMINENT)

typedef struct {
    VtVmclock *const *slot;
    VtVmclock *vmclock; /* NULL: none yet */
    VtHintFunc on_hint;
    void *user_data;
    bool has_seen;
    VtVmclockPage seen;
} VmclockHint;

static void
tell_strong(const VmclockHint *source, const char *name)
{
    VtHint hint = {
        .name = name,
        .is_strong = true,
        /* Of the machine that runs here now the clock may be behind ours. */
        .allows_backward = true,
        .reopens_rate = true,
    };
    source->on_hint(&hint, source->user_data);
}

static bool
has_new_generation(const VtVmclockPage *before, const VtVmclockPage *now)
{
    return (before->flags & now->flags & VT_VMCLOCK_GENERATION_PRESENT) != 0 &&
           before->generation != now->generation;
}

static void
look(void *instance)
{
    VmclockHint *source = instance;
    VtVmclockPage page;
    uint64_t counter;

    /* While it is being written there is nothing to see yet; there is another look. */
    if (vt_vmclock_read(source->vmclock, &page, &counter) != VT_VMCLOCK_OK)
        return;
    VtVmclockPage before = source->seen;
    bool is_first = !source->has_seen;
    source->has_seen = true;
    source->seen = page;
    if (is_first)
        return;
    if (page.disruption_marker != before.disruption_marker) {
        tell_strong(source, "vmclock-marker");
    } else if (has_new_generation(&before, &page)) {
        tell_strong(source, "vmclock-generation");
    } else if ((page.flags & ~before.flags & PLANNED) != 0) {
        VtHint hint = { .name = "vmclock-disruption-soon" };
        source->on_hint(&hint, source->user_data);
    }
}

static void
vmclock_tick(void *instance)
{
    VmclockHint *source = instance;
    if (source->vmclock == NULL && *source->slot != NULL) {
        source->vmclock = *source->slot;
        vt_vmclock_set_update_func(source->vmclock, look, source);
    }
    if (source->vmclock != NULL)
        look(source);
}

static void
vmclock_free(void *instance)
{
    VmclockHint *source = instance;
    if (source->vmclock != NULL)
        vt_vmclock_set_update_func(source->vmclock, NULL, NULL);
    g_free(source);
}

static const VtHintKind vmclock_kind = {
    .name = "vmclock",
    .tick = vmclock_tick,
    .shows_at_once = true,
    .free = vmclock_free,
};

VtHintSource
vt_hint_vmclock_new(VtVmclock *const *slot, VtHintFunc on_hint, void *user_data)
{
    VmclockHint *source = g_new0(VmclockHint, 1);
    source->slot = slot;
    source->on_hint = on_hint;
    source->user_data = user_data;
    vmclock_tick(source);
    return (VtHintSource){ .kind = &vmclock_kind, .instance = source };
}
