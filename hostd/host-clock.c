/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/host-clock.h"

/* What a server says that knows its time to be good but not through whom (RFC 5905 leaves it
 * open; chrony's `local` uses the same). */
#define UNKNOWN_STRATUM 10

/* 127.127.1.1, "the local clock", as daemons have called it since xntpd. */
#define LOCAL_REFERENCE_ID UINT32_C(0x7f7f0101)

/* clock_gettime through the vDSO takes some 30 ns: 2^-24 s is 60 ns. */
#define PRECISION_LOG2_SEC (-24)

/* What a disciplined clock may drift between two updates (RFC 5905, PHI). */
#define PHI_PPB 15000

/* hostd looks each second. */
#define STALE_AFTER_NS (5 * VT_NS_PER_SEC)

static bool
is_good(VtHostClockTrust trust, const VtClockState *state)
{
    switch (trust) {
    case VT_HOST_CLOCK_TRUSTED:
        return true;
    case VT_HOST_CLOCK_UNSYNCHRONISED:
        return false;
    case VT_HOST_CLOCK_AUTO:
        /* STA_UNSYNC alone proves nothing: chronyd leaves it set without rtcsync. */
        return state != NULL && state->max_error_ns < VT_CLOCK_UNKNOWN_ERROR_NS;
    }
    g_assert_not_reached();
}

static uint8_t
leap_of(const VtClockState *state)
{
    if (state == NULL)
        return VT_NTP_LEAP_NONE;
    if (state->in_leap_second)
        return VT_NTP_LEAP_UNSYNCHRONISED;
    if (state->leap_insert)
        return VT_NTP_LEAP_INSERT;
    return state->leap_delete ? VT_NTP_LEAP_DELETE : VT_NTP_LEAP_NONE;
}

static VtHostClock
unsynchronised(void)
{
    return (VtHostClock){
        .leap = VT_NTP_LEAP_UNSYNCHRONISED,
        .precision_log2_sec = PRECISION_LOG2_SEC,
        .root_dispersion_ns = VT_CLOCK_UNKNOWN_ERROR_NS,
    };
}

VtHostClock
vt_host_clock_judge(VtHostClockTrust trust, const VtClockState *state, VtWall now)
{
    VtHostClock host = unsynchronised();
    if (!is_good(trust, state))
        return host;

    host.leap = leap_of(state);
    host.is_synchronised = host.leap != VT_NTP_LEAP_UNSYNCHRONISED;
    host.stratum = UNKNOWN_STRATUM;
    host.reference_id = LOCAL_REFERENCE_ID;
    host.reference_at = now;
    /* maxerror is a bound that includes half the delay, so a root delay of 0 is honest. */
    host.root_dispersion_ns = trust == VT_HOST_CLOCK_TRUSTED ? 0 : state->max_error_ns;
    return host;
}

VtHostClock
vt_host_clock_from_chrony(const VtChronyTracking *tracking, VtWall now)
{
    VtHostClock host = unsynchronised();
    if (tracking->leap == VT_NTP_LEAP_UNSYNCHRONISED || tracking->stratum == 0 ||
        tracking->stratum >= VT_NTP_STRATUM_UNSYNCHRONISED)
        return host;

    bool is_past = vt_wall_diff(now, tracking->reference_at) >= 0;
    host.is_synchronised = true;
    host.leap = (uint8_t)tracking->leap;
    host.stratum = (uint8_t)tracking->stratum;
    host.reference_id = tracking->reference_id;
    host.reference_at = is_past ? tracking->reference_at : now;
    host.root_delay_ns = tracking->root_delay_ns;
    /* What is still being slewed is an error until it is. */
    host.root_dispersion_ns =
        vt_ns_add(tracking->root_dispersion_ns, vt_ns_abs(tracking->correction_ns));
    return host;
}

VtHostClock
vt_host_clock_with_agent(const VtHostClock *host, uint8_t stratum, uint32_t reference_id)
{
    VtHostClock told = *host;
    if (!host->is_synchronised)
        return told;
    told.stratum = stratum;
    if (reference_id != 0)
        told.reference_id = reference_id;
    return told;
}

VtHostClock
vt_host_clock_or_island(const VtHostClock *host, uint8_t stratum, VtWall now)
{
    if (host->is_synchronised || stratum == 0)
        return *host;
    return (VtHostClock){
        .is_synchronised = true,
        .leap = VT_NTP_LEAP_NONE,
        .stratum = stratum,
        .precision_log2_sec = host->precision_log2_sec,
        .reference_id = LOCAL_REFERENCE_ID,
        .reference_at = now,
    };
}

VtHostClock
vt_host_clock_age(const VtHostClock *host, VtNs age_ns)
{
    VtHostClock aged = *host;
    if (age_ns > STALE_AFTER_NS)
        return unsynchronised();
    VtNs drift_ns = vt_ns_mul(vt_ns_max(age_ns, 0), PHI_PPB) / VT_NS_PER_SEC;
    aged.root_dispersion_ns = vt_ns_add(host->root_dispersion_ns, drift_ns);
    return aged;
}

VtNs
vt_host_clock_get_error(const VtHostClock *host)
{
    if (!host->is_synchronised)
        return VT_CLOCK_UNKNOWN_ERROR_NS;
    return vt_ns_add(host->root_delay_ns / 2, host->root_dispersion_ns);
}
