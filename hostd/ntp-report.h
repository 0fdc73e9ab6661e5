/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What operators are told of the NTP server: its places, counters and clients, for D-Bus. */
#pragma once

#include <glib.h>

#include "hostd/ntp-guests.h"
#include "hostd/ntp-listen.h"
#include "hostd/ntp-server.h"

/* "192.0.2.1:123", "0.0.0.0:123 on virbr0". Transfer full. */
char *vt_ntp_report_format_place(const VtNtpPlace *place);

/* Of GetHost: aa{sv}. Floating reference. */
GVariant *vt_ntp_report_places(VtNtpServer *server, const VtNtpListen *listen);

/* Of GetNtpCounters: a{sv}. Floating reference. */
GVariant *vt_ntp_report_counters(const VtNtpServer *server);

/* Of GetNtpClients: aa{sv}, the one that asked last first. Floating reference. */
GVariant *vt_ntp_report_clients(const VtNtpServer *server,
                                VtNtpGuests *guests,
                                unsigned n_most,
                                VtMono now);
