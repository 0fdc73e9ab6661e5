/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-card-clock.h"

#include <math.h>
#include <string.h>

/* Two would let the error of each into the rate whole. */
#define LEAST_READINGS 3

/*
 * Besides what the readings err by: a daemon that steers the clock moves it by a few microseconds
 * between two of them. More is a set, or a slew that the line would be late for.
 */
#define MOST_RESIDUAL_NS (20 * VT_NS_PER_US)

/* How far the system's clock is ahead of the card's at a reading, relative to the newest. */
static double
get_ahead_ns(const VtNtpCardReading *reading, const VtNtpCardReading *newest)
{
    VtNs wall_ns = vt_wall_diff(reading->wall_at, newest->wall_at);
    VtNs device_ns = vt_wall_diff(reading->device_at, newest->device_at);
    return (double)vt_ns_sub(wall_ns, device_ns);
}

static double
get_device_ns(const VtNtpCardReading *reading, const VtNtpCardReading *newest)
{
    return (double)vt_wall_diff(reading->device_at, newest->device_at);
}

static bool
fit(const VtNtpCardReading *readings, size_t n_readings, VtNtpCardLine *ret_line)
{
    const VtNtpCardReading *newest = &readings[n_readings - 1];
    double n = (double)n_readings;
    double sum_device_ns = 0;
    double sum_ahead_ns = 0;
    double sum_squares = 0;
    double sum_products = 0;

    for (size_t i = 0; i < n_readings; i++) {
        double device_ns = get_device_ns(&readings[i], newest);
        double ahead_ns = get_ahead_ns(&readings[i], newest);
        sum_device_ns += device_ns;
        sum_ahead_ns += ahead_ns;
        sum_squares += device_ns * device_ns;
        sum_products += device_ns * ahead_ns;
    }
    /* Least squares; the newest reading is at 0. */
    double spread = n * sum_squares - sum_device_ns * sum_device_ns;
    if (spread <= 0)
        return false;
    double gain = (n * sum_products - sum_device_ns * sum_ahead_ns) / spread;
    double ahead_now_ns = (sum_ahead_ns - gain * sum_device_ns) / n;
    *ret_line = (VtNtpCardLine){
        .device_at = newest->device_at,
        .wall_at = vt_wall_add(newest->wall_at, (VtNs)llround(ahead_now_ns)),
        .gain = gain,
    };
    return true;
}

static bool
is_explained(const VtNtpCardClock *clock, const VtNtpCardReading *reading)
{
    VtNtpCardLine line;
    if (!vt_ntp_card_clock_fit(clock, &line))
        return true;
    VtNs residual_ns =
        vt_wall_diff(reading->wall_at, vt_ntp_card_line_convert(&line, reading->device_at));
    /* The newest, and what the line through those before makes of theirs. */
    VtNs error_ns = reading->error_ns + 2 * clock->readings[clock->n_readings - 1].error_ns;
    return vt_ns_abs(residual_ns) <= MOST_RESIDUAL_NS + error_ns;
}

void
vt_ntp_card_clock_add(VtNtpCardClock *clock, const VtNtpCardReading *reading)
{
    if (clock->n_readings > 0) {
        const VtNtpCardReading *last = &clock->readings[clock->n_readings - 1];
        /* The card's clock was set back, or is another's. */
        if (vt_wall_diff(reading->device_at, last->device_at) <= 0 ||
            !is_explained(clock, reading))
            clock->n_readings = 0;
    }
    if (clock->n_readings == VT_NTP_CARD_CLOCK_MOST) {
        memmove(&clock->readings[0], &clock->readings[1],
                (VT_NTP_CARD_CLOCK_MOST - 1) * sizeof clock->readings[0]);
        clock->n_readings -= 1;
    }
    clock->readings[clock->n_readings++] = *reading;
}

bool
vt_ntp_card_clock_fit(const VtNtpCardClock *clock, VtNtpCardLine *ret_line)
{
    return clock->n_readings >= LEAST_READINGS &&
           fit(clock->readings, clock->n_readings, ret_line);
}

VtWall
vt_ntp_card_line_convert(const VtNtpCardLine *line, VtWall device_at)
{
    VtNs passed_ns = vt_wall_diff(device_at, line->device_at);
    VtNs gained_ns = vt_ns_from_double((double)passed_ns * line->gain);
    return vt_wall_add(vt_wall_add(line->wall_at, passed_ns), gained_ns);
}
