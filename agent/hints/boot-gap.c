/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/boot-gap.h"

#include "os/sleep-meter.h"

typedef struct {
    VtClock *clock;
    VtHintFunc on_hint;
    void *user_data;
    VtSleepMeter sleep;
} BootGapHint;

static void
boot_gap_tick(void *instance)
{
    BootGapHint *source = instance;
    VtHint hint = { .name = "boot-gap", .is_strong = true, .allows_backward = true };

    if (vt_sleep_meter_take(&source->sleep, source->clock) > 0)
        source->on_hint(&hint, source->user_data);
}

static const VtHintKind boot_gap_kind = {
    .name = "boot-gap",
    .tick = boot_gap_tick,
    .shows_at_once = true,
    .free = g_free,
};

VtHintSource
vt_hint_boot_gap_new(VtClock *clock, VtHintFunc on_hint, void *user_data)
{
    BootGapHint *source = g_new0(BootGapHint, 1);
    source->clock = clock;
    source->on_hint = on_hint;
    source->user_data = user_data;
    vt_sleep_meter_init(&source->sleep, clock);
    return (VtHintSource){ .kind = &boot_gap_kind, .instance = source };
}
