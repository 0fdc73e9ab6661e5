/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/boot-gap.h"

/* No sleep is shorter; what is read is never more than was slept. */
#define LEAST_SLEEP_NS VT_NS_PER_MS

typedef struct {
    VtClock *clock;
    VtHintFunc on_hint;
    void *user_data;
    VtNs slept_ns; /* since boot, as far as it is known */
} BootGapHint;

static void
boot_gap_tick(void *instance)
{
    BootGapHint *source = instance;
    VtHint hint = { .name = "boot-gap", .is_strong = true, .allows_backward = true };
    VtNs slept_ns = vt_clock_read_slept(source->clock);
    VtNs grown_ns = vt_ns_sub(slept_ns, source->slept_ns);

    source->slept_ns = vt_ns_max(slept_ns, source->slept_ns);
    if (grown_ns >= LEAST_SLEEP_NS)
        source->on_hint(&hint, source->user_data);
}

static const VtHintKind boot_gap_kind = {
    .name = "boot-gap",
    .tick = boot_gap_tick,
    .free = g_free,
};

VtHintSource
vt_hint_boot_gap_new(VtClock *clock, VtHintFunc on_hint, void *user_data)
{
    BootGapHint *source = g_new0(BootGapHint, 1);
    source->clock = clock;
    source->on_hint = on_hint;
    source->user_data = user_data;
    source->slept_ns = vt_clock_read_slept(clock);
    return (VtHintSource){ .kind = &boot_gap_kind, .instance = source };
}
