/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reading-mean.h"

#include "core/sample.h"

/* Within a row of readings; a clock that is read for nothing scatters by much less. */
#define LEAST_PAUSE_NS (100 * VT_NS_PER_US)

void
vt_reading_mean_add(VtReadingMean *mean, const VtReading *reading)
{
    if (mean->n_readings < VT_READING_MEAN_MOST && vt_reading_check(reading) == VT_READING_OK)
        mean->readings[mean->n_readings++] = *reading;
}

static VtNs
get_delay(const VtReading *reading)
{
    return vt_sample_from_reading(reading).delay_ns;
}

/* Of those at the end that show one clock: what was read before a pause is of another time. */
static unsigned
find_first(const VtReadingMean *mean)
{
    unsigned first = mean->n_readings - 1;
    VtSample last = vt_sample_from_reading(&mean->readings[first]);
    while (first > 0) {
        VtSample before = vt_sample_from_reading(&mean->readings[first - 1]);
        VtNs apart_ns = vt_ns_abs(vt_ns_sub(before.raw_offset_ns, last.raw_offset_ns));
        VtNs limit_ns = vt_ns_add(LEAST_PAUSE_NS, vt_ns_add(before.error_ns, last.error_ns));
        if (apart_ns > limit_ns)
            break;
        first--;
    }
    return first;
}

static const VtReading *
find_quickest(const VtReadingMean *mean, unsigned first)
{
    const VtReading *quickest = &mean->readings[first];
    for (unsigned i = first + 1; i < mean->n_readings; i++) {
        if (get_delay(&mean->readings[i]) < get_delay(quickest))
            quickest = &mean->readings[i];
    }
    return quickest;
}

static void
widen(VtReading *reading, VtNs by_ns)
{
    VtNs before_ns = by_ns / 2;
    VtNs after_ns = vt_ns_sub(by_ns, before_ns);
    reading->sent.raw = vt_mono_add(reading->sent.raw, -before_ns);
    reading->sent.wall = vt_wall_add(reading->sent.wall, -before_ns);
    reading->received.raw = vt_mono_add(reading->received.raw, after_ns);
    reading->received.wall = vt_wall_add(reading->received.wall, after_ns);
}

bool
vt_reading_mean_get(const VtReadingMean *mean, VtReading *ret_reading)
{
    if (mean->n_readings == 0)
        return false;

    unsigned first = find_first(mean);
    const VtReading *quickest = find_quickest(mean, first);
    VtSample least = vt_sample_from_reading(quickest);
    VtNs apart_ns = 0;
    VtNs longer_ns = 0;
    VtNs n_good = 0;
    for (unsigned i = first; i < mean->n_readings; i++) {
        VtSample sample = vt_sample_from_reading(&mean->readings[i]);
        if (sample.delay_ns / 2 > least.delay_ns)
            continue;
        apart_ns = vt_ns_add(apart_ns, vt_ns_sub(sample.raw_offset_ns, least.raw_offset_ns));
        longer_ns = vt_ns_add(longer_ns, vt_ns_sub(sample.delay_ns, least.delay_ns));
        n_good++;
    }

    *ret_reading = *quickest;
    ret_reading->reference_received_at =
        vt_wall_add(quickest->reference_received_at, apart_ns / n_good);
    ret_reading->reference_sent_at =
        vt_wall_add(quickest->reference_sent_at, apart_ns / n_good);
    widen(ret_reading, longer_ns / n_good);
    return true;
}
