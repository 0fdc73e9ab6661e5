/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hurry.h"

/* With the one that raised the suspicion: four. */
#define AT_ONCE 3

#define MOST_SPAN_NS (6 * VT_NS_PER_SEC)

void
vt_hurry_suspect(VtHurry *hurry, VtMono raw_now)
{
    if (hurry->is_on || vt_mono_diff(raw_now, hurry->raw_rest_until) < 0)
        return;
    *hurry = (VtHurry){
        .is_on = true,
        .raw_until = vt_mono_add(raw_now, MOST_SPAN_NS),
        .raw_rest_until = vt_mono_add(raw_now, MOST_SPAN_NS),
        .n_at_once = AT_ONCE,
    };
}

void
vt_hurry_learn(VtHurry *hurry, VtNs span_ns, VtMono raw_now)
{
    if (hurry->is_on)
        return;
    *hurry = (VtHurry){
        .is_on = true,
        .raw_until = vt_mono_add(raw_now, vt_ns_min(span_ns, MOST_SPAN_NS)),
        .raw_rest_until = hurry->raw_rest_until,
    };
}

void
vt_hurry_end(VtHurry *hurry)
{
    hurry->is_on = false;
    hurry->n_at_once = 0;
}

void
vt_hurry_cancel(VtHurry *hurry, VtMono raw_now)
{
    vt_hurry_end(hurry);
    hurry->raw_rest_until = raw_now;
}

bool
vt_hurry_is_on(VtHurry *hurry, VtMono raw_now)
{
    if (hurry->is_on && vt_mono_diff(raw_now, hurry->raw_until) >= 0)
        vt_hurry_end(hurry);
    return hurry->is_on;
}

VtNs
vt_hurry_get_wait(VtHurry *hurry, VtMono raw_now)
{
    if (!vt_hurry_is_on(hurry, raw_now))
        return VT_NS_MAX;
    if (hurry->n_at_once == 0)
        return VT_HURRY_INTERVAL_NS;
    hurry->n_at_once--;
    return 0;
}
