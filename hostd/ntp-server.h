/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The NTP service: a thread of its own that answers clients over UDP, so that nothing hostd
 * does keeps a reply waiting. It knows one immutable snapshot of the host clock's state, that
 * the main thread replaces by another, and shares nothing else but counters. An address that
 * cannot be served now is tried again, never the end of hostd.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "hostd/host-clock.h"
#include "hostd/ntp-address.h"
#include "os/clock.h"

/* Addresses one server may have. */
#define VT_NTP_SERVER_MAX_ADDRESSES 16

typedef struct VtNtpServer VtNtpServer;

typedef struct {
    uint64_t n_answered;    /* replies made, those not sent included */
    uint64_t n_short;       /* below 48 bytes */
    uint64_t n_not_client;  /* mode or version that is not answered */
    uint64_t n_to_many;     /* to a broadcast or multicast address */
    uint64_t n_from_nobody; /* from port 0 */
    uint64_t n_stale;       /* waited for too long, or the clock was set meanwhile */
    uint64_t n_unsent;      /* replies that the kernel did not take */
} VtNtpServerCounters;

/*
 * Begins to serve @addresses, at most VT_NTP_SERVER_MAX_ADDRESSES; until the first
 * vt_ntp_server_set_host_clock it says that the host is not synchronised. @clock must outlive
 * it and is read by its thread. Transfer full.
 */
VtNtpServer *
vt_ntp_server_new(const VtNtpAddress *addresses, size_t n_addresses, VtClock *clock);

/* Ends the thread. Takes NULL. */
void vt_ntp_server_free(VtNtpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpServer, vt_ntp_server_free)

/* What replies say from now on; to be called again each second, since old news are doubted. */
void vt_ntp_server_set_host_clock(VtNtpServer *server, const VtHostClock *host);

size_t vt_ntp_server_get_n_addresses(const VtNtpServer *server);

/*
 * The address with that index, with the port in force while it is served; *@ret_error_number is
 * 0 then and an errno value, the reason, while it is not.
 */
VtNtpAddress
vt_ntp_server_get_address(VtNtpServer *server, size_t index, int *ret_error_number);

VtNtpServerCounters vt_ntp_server_get_counters(const VtNtpServer *server);
