/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/clock.h"

#include <errno.h>
#include <math.h>

#include "base/error.h"

/* struct timex.freq: parts per million with a 16-bit fraction. */
#define SCALED_PPM_PER_PPB 65.536

/* USER_HZ is 100 on every architecture with this system call: one tick unit is 100 ppm. */
#define NOMINAL_TICK_US   10000
#define PPB_PER_TICK_UNIT 100000.0

/* struct timex.freq is clamped by the kernel at +-500 ppm. */
#define MAX_FREQUENCY_PPB 500000.0

#define WRITABLE_STATUS                                                               \
    (STA_PLL | STA_PPSFREQ | STA_PPSTIME | STA_FLL | STA_INS | STA_DEL | STA_UNSYNC | \
     STA_FREQHOLD)

struct VtClock {
    const VtClockKernel *kernel;
    void *instance;
    VtNs least_spread_ns; /* of all readings so far; 0: none yet */
    VtClockSteps steps;
    bool has_rate; /* set by us: the two below, as the kernel took them */
    long tick_us;
    long frequency_scaled;
};

static void
system_get_time(void *instance, clockid_t clock_id, struct timespec *ret_at)
{
    (void)instance;
    int result = clock_gettime(clock_id, ret_at);
    g_assert(result == 0);
}

static int
system_adjust(void *instance, struct timex *timex)
{
    (void)instance;
    int state = clock_adjtime(CLOCK_REALTIME, timex);
    return state >= 0 ? state : -errno;
}

static const VtClockKernel system_kernel = {
    .get_time = system_get_time,
    .adjust = system_adjust,
};

VtClock *
vt_clock_new(const VtClockKernel *kernel, void *instance)
{
    VtClock *clock = g_new0(VtClock, 1);
    clock->kernel = kernel;
    clock->instance = instance;
    return clock;
}

VtClock *
vt_clock_new_system(void)
{
    return vt_clock_new(&system_kernel, NULL);
}

void
vt_clock_free(VtClock *clock)
{
    g_free(clock);
}

static VtNs
get_time(VtClock *clock, clockid_t clock_id)
{
    struct timespec at = { 0 };
    clock->kernel->get_time(clock->instance, clock_id, &at);
    return vt_ns_from_timespec(&at);
}

VtInstant
vt_clock_read(VtClock *clock)
{
    VtInstant best = { 0 };
    VtNs best_spread_ns = VT_NS_MAX;

    for (int try = 0; try < 3; try++) {
        VtMono before = { .ns = get_time(clock, CLOCK_MONOTONIC_RAW) };
        VtWall wall = { .ns = get_time(clock, CLOCK_REALTIME) };
        VtMono after = { .ns = get_time(clock, CLOCK_MONOTONIC_RAW) };
        VtNs spread_ns = vt_mono_diff(after, before);
        if (spread_ns >= best_spread_ns)
            continue;
        best_spread_ns = spread_ns;
        best = (VtInstant){ .wall = wall, .raw = vt_mono_middle(before, after) };
        /* Where a clock is a device, a reading costs microseconds: once is enough if good. */
        if (clock->least_spread_ns > 0 && spread_ns <= 2 * clock->least_spread_ns)
            break;
    }
    if (clock->least_spread_ns == 0 || best_spread_ns < clock->least_spread_ns)
        clock->least_spread_ns = best_spread_ns;
    return best;
}

VtWall
vt_clock_read_wall(VtClock *clock)
{
    return (VtWall){ .ns = get_time(clock, CLOCK_REALTIME) };
}

VtMono
vt_clock_read_boot(VtClock *clock)
{
    return (VtMono){ .ns = get_time(clock, CLOCK_BOOTTIME) };
}

VtNs
vt_clock_read_slept(VtClock *clock)
{
    VtNs boot_ns = get_time(clock, CLOCK_BOOTTIME);
    return vt_ns_sub(boot_ns, get_time(clock, CLOCK_MONOTONIC));
}

static bool
adjust(VtClock *clock, struct timex *timex, const char *what, int *ret_state, GError **error)
{
    int state = clock->kernel->adjust(clock->instance, timex);
    if (state < 0)
        return vt_error_set_errno(error, -state, "cannot %s", what);
    if (ret_state != NULL)
        *ret_state = state;
    return true;
}

bool
vt_clock_get_state(VtClock *clock, VtClockState *ret_state, GError **error)
{
    struct timex timex = { .modes = 0 };
    int state = TIME_OK;
    if (!adjust(clock, &timex, "read the clock's state", &state, error))
        return false;
    struct timex slew = { .modes = ADJ_OFFSET_SS_READ };
    if (!adjust(clock, &slew, "read the remaining slew", NULL, error))
        return false;

    *ret_state = (VtClockState){
        .rate_ppb = (double)(timex.tick - NOMINAL_TICK_US) * PPB_PER_TICK_UNIT +
                    (double)timex.freq / SCALED_PPM_PER_PPB,
        .max_error_ns = vt_ns_mul(timex.maxerror, VT_NS_PER_US),
        /* The single-shot offset is in microseconds even when STA_NANO is set. */
        .slew_remaining_ns = vt_ns_mul(slew.offset, VT_NS_PER_US),
        .is_unsynchronised = (timex.status & STA_UNSYNC) != 0,
        .leap_insert = (timex.status & STA_INS) != 0,
        .leap_delete = (timex.status & STA_DEL) != 0,
        .in_leap_second = state == TIME_OOP,
        .tai_offset_sec = timex.tai,
    };
    return true;
}

bool
vt_clock_may_set(VtClock *clock, GError **error)
{
    struct timex timex = { .modes = 0 };
    if (!adjust(clock, &timex, "read the clock's state", NULL, error))
        return false;
    timex.modes = (timex.status & STA_NANO) != 0 ? ADJ_NANO : ADJ_MICRO;
    return adjust(clock, &timex, "set the clock", NULL, error);
}

bool
vt_clock_take_over(VtClock *clock, GError **error)
{
    struct timex now = { .modes = 0 };
    if (!adjust(clock, &now, "read the clock's state", NULL, error))
        return false;

    /* Out goes the kernel's own loop, in any form; what others armed or said stays. */
    int kept = now.status & (STA_INS | STA_DEL | STA_UNSYNC);
    struct timex timex = { .modes = ADJ_STATUS | ADJ_NANO, .status = kept };
    return adjust(clock, &timex, "take over the clock", NULL, error);
}

/*
 * A step makes the kernel forget when the leap second comes that is armed, though not that it is;
 * it then never comes. Leaving the PLL mode, which was not in use, makes it look again. A leap at
 * the end of another day than the one it was armed on is nobody's wish.
 */
static bool
arm_leap_again(VtClock *clock, int status, VtNs offset_ns, GError **error)
{
    const VtNs day_ns = INT64_C(86400) * VT_NS_PER_SEC;
    int leap = status & (STA_INS | STA_DEL);
    VtNs now_ns = get_time(clock, CLOCK_REALTIME);
    bool is_same_day = now_ns / day_ns == vt_ns_sub(now_ns, offset_ns) / day_ns;
    int kept = status & WRITABLE_STATUS & ~(STA_INS | STA_DEL);

    struct timex in = { .modes = ADJ_STATUS, .status = kept | STA_PLL };
    struct timex out = { .modes = ADJ_STATUS, .status = kept | (is_same_day ? leap : 0) };
    return adjust(clock, &in, "arm the leap second again", NULL, error) &&
           adjust(clock, &out, "arm the leap second again", NULL, error);
}

bool
vt_clock_step(VtClock *clock, VtNs offset_ns, GError **error)
{
    struct timespec offset = vt_ns_to_timespec(offset_ns);
    struct timex timex = {
        .modes = ADJ_SETOFFSET | ADJ_NANO,
        /* With ADJ_NANO this field takes nanoseconds, and never a negative number. */
        .time = { .tv_sec = offset.tv_sec, .tv_usec = offset.tv_nsec },
    };
    if (!adjust(clock, &timex, "step the clock", NULL, error))
        return false;
    clock->steps.n_steps += 1;
    clock->steps.total_ns = vt_ns_add(clock->steps.total_ns, offset_ns);
    if ((timex.status & (STA_INS | STA_DEL)) != 0)
        return arm_leap_again(clock, timex.status, offset_ns, error);
    return true;
}

VtClockSteps
vt_clock_get_steps(const VtClock *clock)
{
    return clock->steps;
}

bool
vt_clock_slew(VtClock *clock, VtNs offset_ns, GError **error)
{
    if (vt_ns_abs(offset_ns) > VT_CLOCK_MAX_SLEW_NS) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "a slew of %" G_GINT64_FORMAT " ns is more than may be outstanding",
                    offset_ns);
        return false;
    }
    struct timex timex = {
        .modes = ADJ_OFFSET_SINGLESHOT,
        .offset = (long)round((double)offset_ns / (double)VT_NS_PER_US),
    };
    return adjust(clock, &timex, "slew the clock", NULL, error);
}

bool
vt_clock_set_rate(VtClock *clock, double rate_ppb, double *ret_taken_ppb, GError **error)
{
    if (!(fabs(rate_ppb) <= VT_CLOCK_MAX_RATE_PPB)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "a rate of %.0f ppb is out of range",
                    rate_ppb);
        return false;
    }

    /* Tick is left alone while frequency suffices: other programs expect it at its nominal. */
    double tick_units = 0;
    if (fabs(rate_ppb) > MAX_FREQUENCY_PPB)
        tick_units = round(rate_ppb / PPB_PER_TICK_UNIT);
    double frequency_ppb = rate_ppb - tick_units * PPB_PER_TICK_UNIT;

    struct timex timex = {
        .modes = ADJ_FREQUENCY | ADJ_TICK,
        .tick = NOMINAL_TICK_US + (long)tick_units,
        .freq = (long)round(frequency_ppb * SCALED_PPM_PER_PPB),
    };
    if (!adjust(clock, &timex, "set the clock's rate", NULL, error))
        return false;
    clock->has_rate = true;
    clock->tick_us = timex.tick;
    clock->frequency_scaled = timex.freq;
    *ret_taken_ppb = (double)(timex.tick - NOMINAL_TICK_US) * PPB_PER_TICK_UNIT +
                     (double)timex.freq / SCALED_PPM_PER_PPB;
    return true;
}

void
vt_clock_hand_over(VtClock *clock)
{
    clock->has_rate = false;
}

bool
vt_clock_is_rate_foreign(VtClock *clock)
{
    struct timex timex = { .modes = 0 };
    if (!clock->has_rate || !adjust(clock, &timex, "read the clock's rate", NULL, NULL))
        return false;
    return timex.tick != clock->tick_us || timex.freq != clock->frequency_scaled;
}

static long
error_to_us(VtNs error_ns)
{
    /* Rounded up: a bound must not shrink on its way. */
    VtNs error_us = vt_ns_add(vt_ns_max(error_ns, 0), VT_NS_PER_US - 1) / VT_NS_PER_US;
    return (long)vt_ns_min(error_us, VT_CLOCK_UNKNOWN_ERROR_NS / VT_NS_PER_US);
}

bool
vt_clock_publish(VtClock *clock, bool synchronised, VtNs error_ns, GError **error)
{
    struct timex now = { .modes = 0 };
    if (!adjust(clock, &now, "read the clock's state", NULL, error))
        return false;

    int status = now.status & WRITABLE_STATUS & ~STA_UNSYNC;
    if (!synchronised)
        status |= STA_UNSYNC;
    long error_us = error_to_us(synchronised ? error_ns : VT_CLOCK_UNKNOWN_ERROR_NS);
    struct timex timex = {
        .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR,
        .status = status,
        .maxerror = error_us,
        .esterror = error_us,
    };
    return adjust(clock, &timex, "publish the clock's error bound", NULL, error);
}

bool
vt_clock_arm_leap(VtClock *clock, int leap, GError **error)
{
    struct timex now = { .modes = 0 };
    if (!adjust(clock, &now, "read the clock's state", NULL, error))
        return false;

    int armed = leap > 0 ? STA_INS : leap < 0 ? STA_DEL : 0;
    if ((now.status & (STA_INS | STA_DEL)) == armed)
        return true;
    int kept = now.status & WRITABLE_STATUS & ~(STA_INS | STA_DEL);
    struct timex timex = { .modes = ADJ_STATUS, .status = kept | armed };
    return adjust(clock, &timex, "arm a leap second", NULL, error);
}

bool
vt_clock_set_tai_offset(VtClock *clock, int offset_sec, GError **error)
{
    struct timex timex = { .modes = ADJ_TAI, .constant = offset_sec };
    return adjust(clock, &timex, "tell the kernel of TAI", NULL, error);
}
