/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/updates.h"

#include <math.h>

#include "core/sample.h"

/* What a new one weighs; chronyd's share, so that both tell the same. */
#define WEIGHT 0.1

static void
add_to_mean(VtUpdates *updates, VtNs offset_ns)
{
    double square_ns2 = (double)offset_ns * (double)offset_ns;
    double weight = updates->has_mean ? WEIGHT : 1;
    updates->mean_square_ns2 += weight * (square_ns2 - updates->mean_square_ns2);
    updates->has_mean = true;
}

void
vt_updates_note(VtUpdates *updates, const VtReading *reading, bool is_calm)
{
    VtSample sample = vt_sample_from_reading(reading);

    if (updates->has_last) {
        updates->interval_ns = vt_mono_diff(sample.raw_at, updates->raw_last_at);
        updates->has_interval = true;
    }
    updates->has_last = true;
    updates->raw_last_at = sample.raw_at;
    updates->is_reference_synchronised = reading->reference_synchronised;
    updates->leap = reading->leap;
    updates->root_delay_ns = vt_ns_add(reading->root_delay_ns, sample.delay_ns);
    updates->root_dispersion_ns = vt_ns_add(reading->root_dispersion_ns, reading->precision_ns);
    updates->last_offset_ns = sample.offset_ns;
    if (is_calm)
        add_to_mean(updates, sample.offset_ns);
}

VtNs
vt_updates_get_rms(const VtUpdates *updates)
{
    return vt_ns_from_double(sqrt(updates->mean_square_ns2));
}
