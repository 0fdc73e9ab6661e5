/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the readings that were used tell an operator of: what the last one said, how far off the
 * clock was found each time, and how often that is. For people alone; pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/reading.h"

typedef struct {
    bool has_last;
    bool is_reference_synchronised; /* as the last reading said; so are the next two */
    uint8_t leap;
    VtNs root_delay_ns; /* up to the root, over this machine's way to its reference */
    VtNs root_dispersion_ns;
    VtNs last_offset_ns; /* reference - REALTIME as it was read */
    bool has_mean;
    double mean_square_ns2; /* of the offsets of a clock that was right; of late, mostly */
    bool has_interval;
    VtNs interval_ns; /* between the last two */
    VtMono raw_last_at;
} VtUpdates;

/* @reading was used; @is_calm: on a clock that was right, and not in the midst of a disruption. */
void vt_updates_note(VtUpdates *updates, const VtReading *reading, bool is_calm);

/* Root mean square of the offsets; 0: there was none. */
VtNs vt_updates_get_rms(const VtUpdates *updates);
