/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's clock: reads it, steps it, slews it, sets its rate and tells everyone how far it
 * can be trusted. The only caller of clock_adjtime; scaled ppm, tick and microseconds live
 * here and nowhere else. The two system calls stand behind VtClockKernel, so that tests run
 * all of this against a simulated kernel.
 *
 * Failures of the kernel: VT_ERROR_DENIED without CAP_SYS_TIME in the initial user namespace,
 * VT_ERROR_INVALID when the result would lie outside what the kernel can represent.
 */
#pragma once

#include <stdbool.h>
#include <sys/timex.h>
#include <time.h>

#include "base/units.h"

/* More than this is never outstanding, so that a dead agent leaves no more than it behind. */
#define VT_CLOCK_MAX_SLEW_NS VT_NS_PER_MS

/* The speed at which the kernel works off a slew (kernel/time/ntp.c, MAX_TICKADJ). */
#define VT_CLOCK_SLEW_PPB 500000

/* Rates beyond are a broken oscillator or a broken measurement; the kernel could do +-10 %. */
#define VT_CLOCK_MAX_RATE_PPB 50000000.0

/* What the kernel shows while nobody knows better (NTP_PHASE_LIMIT): 16 s. */
#define VT_CLOCK_UNKNOWN_ERROR_NS (16 * VT_NS_PER_SEC)

typedef struct {
    /* clock_gettime; cannot fail for the clocks used here. */
    void (*get_time)(void *instance, clockid_t clock_id, struct timespec *ret_at);
    /* clock_adjtime(CLOCK_REALTIME, …): the clock state (TIME_…) or -errno. */
    int (*adjust)(void *instance, struct timex *timex);
} VtClockKernel;

typedef struct VtClock VtClock;

typedef struct {
    double rate_ppb;        /* tick and frequency together, against MONOTONIC_RAW */
    VtNs max_error_ns;      /* as published by whoever steers the clock */
    VtNs slew_remaining_ns; /* not yet begun part of a single-shot slew */
    bool is_unsynchronised; /* STA_UNSYNC; alone it proves nothing */
    bool leap_insert;       /* armed for the end of this UTC day */
    bool leap_delete;
    bool in_leap_second; /* TIME_OOP */
    int tai_offset_sec;  /* TAI - UTC: 37; 0: nobody has told the kernel */
} VtClockState;

/* The clock of this machine. Transfer full. */
VtClock *vt_clock_new_system(void);

/* A clock over another kernel; @kernel and @instance must outlive it. Transfer full. */
VtClock *vt_clock_new(const VtClockKernel *kernel, void *instance);
void vt_clock_free(VtClock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtClock, vt_clock_free)

/* REALTIME and MONOTONIC_RAW of one instant; of three tries the pair with the least
 * spread, of fewer when one comes close to the least ever seen. */
VtInstant vt_clock_read(VtClock *clock);
VtWall vt_clock_read_wall(VtClock *clock);
VtMono vt_clock_read_boot(VtClock *clock);

/* How long this machine slept since boot: never more than is true, less by a reading's time. */
VtNs vt_clock_read_slept(VtClock *clock);

bool vt_clock_get_state(VtClock *clock, VtClockState *ret_state, GError **error);

/* Whether this process may set the clock: asks the kernel for a change that changes nothing. */
bool vt_clock_may_set(VtClock *clock, GError **error);

/* The same, and takes the clock over: nanosecond units, kernel loop off. */
bool vt_clock_take_over(VtClock *clock, GError **error);

/*
 * Adds @offset_ns in one atomic move. The kernel marks the clock unsynchronised with a maximum
 * error of 16 s and drops a slew under way; frequency and tick are kept. A leap second that was
 * armed comes as it would have, unless the step led to another day of UTC.
 */
bool vt_clock_step(VtClock *clock, VtNs offset_ns, GError **error);

/* What vt_clock_step has done so far. */
typedef struct {
    uint64_t n_steps;
    VtNs total_ns;
} VtClockSteps;

VtClockSteps vt_clock_get_steps(const VtClock *clock);

/*
 * Lets the kernel work off @offset_ns (at most +-VT_CLOCK_MAX_SLEW_NS, in whole microseconds)
 * at 500 ppm, replacing what was left of an earlier slew. The kernel ends it by itself, also
 * when this process is dead by then.
 */
bool vt_clock_slew(VtClock *clock, VtNs offset_ns, GError **error);

/*
 * Makes REALTIME run @rate_ppb faster than MONOTONIC_RAW, through frequency up to 500 ppm and
 * through tick beyond. Reads back what the kernel took: it clamps in silence.
 */
bool vt_clock_set_rate(VtClock *clock, double rate_ppb, double *ret_taken_ppb, GError **error);

/* Somebody else steers the clock from now on: whatever its rate is, it is not foreign. */
void vt_clock_hand_over(VtClock *clock);

/*
 * Whether somebody else has changed frequency or tick since vt_clock_set_rate; false before the
 * first, and when the kernel does not tell.
 */
bool vt_clock_is_rate_foreign(VtClock *clock);

/*
 * Arms a leap second for the end of this day of UTC: 1 inserts one, -1 leaves one out, 0 disarms.
 * The kernel makes it by itself, and disarms only when told.
 */
bool vt_clock_arm_leap(VtClock *clock, int leap, GError **error);

/* Tells the kernel how far TAI is ahead of UTC: CLOCK_TAI is REALTIME and that. */
bool vt_clock_set_tai_offset(VtClock *clock, int offset_sec, GError **error);

/*
 * Tells every reader of adjtimex how good the clock is. Unsynchronised sets STA_UNSYNC and
 * keeps the error at 16 s at least, whatever @error_ns says. Armed leap seconds stay.
 */
bool vt_clock_publish(VtClock *clock, bool synchronised, VtNs error_ns, GError **error);
