/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is this host's own clock good? What hostd tells its guests of the time it hands out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "os/clock.h"
#include "proto/chrony-command.h"
#include "proto/ntp-packet.h"

/* How hostd judges, by the setting `host-clock`. */
typedef enum {
    VT_HOST_CLOCK_AUTO,           /* by the maximum error that the kernel publishes */
    VT_HOST_CLOCK_TRUSTED,        /* the operator vouches: this clock is true time */
    VT_HOST_CLOCK_UNSYNCHRONISED, /* the operator knows better than the kernel */
} VtHostClockTrust;

/* One immutable snapshot; everything a reply needs. */
typedef struct {
    bool is_synchronised;
    uint8_t leap; /* VtNtpLeap */
    uint8_t stratum;
    int8_t precision_log2_sec;
    uint32_t reference_id;
    VtNs root_delay_ns;
    VtNs root_dispersion_ns;
    VtWall reference_at; /* when the clock was last known to be updated */
} VtHostClock;

/*
 * Judges @state, read at @now. Pure. A clock whose state could not be read (@state NULL) is
 * unsynchronised unless trusted.
 */
VtHostClock vt_host_clock_judge(VtHostClockTrust trust, const VtClockState *state, VtWall now);

/*
 * The same from the mouth of chronyd, which steers the clock: it knows through whom, and its
 * bound is tighter than the kernel's. What it calls unsynchronised is so. Pure.
 */
VtHostClock vt_host_clock_from_chrony(const VtChronyTracking *tracking, VtWall now);

/*
 * @host as the kernel shows it, steered by virt-time-agent, which knows of what stratum that makes
 * it and through whom (0: through no server). A clock that is not synchronised stays so. Pure.
 */
VtHostClock
vt_host_clock_with_agent(const VtHostClock *host, uint8_t stratum, uint32_t reference_id);

/*
 * What the NTP service says of @host: an unsynchronised one is an island's only clock where
 * @stratum is not 0, and good by definition.
 */
VtHostClock vt_host_clock_or_island(const VtHostClock *host, uint8_t stratum, VtWall now);

/*
 * What is left of @host after @age_ns: the dispersion grows by 15 ppm (RFC 5905, PHI), and what
 * nobody has refreshed for 5 s is no longer synchronised: the host slept, or hostd stands still.
 */
VtHostClock vt_host_clock_age(const VtHostClock *host, VtNs age_ns);

/* Bound of the host's own clock as a notice carries it: 16 s when unsynchronised. */
VtNs vt_host_clock_get_error(const VtHostClock *host);
