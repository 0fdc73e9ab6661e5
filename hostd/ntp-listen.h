/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where NTP clients are to be answered, as the settings say it: addresses, interfaces, networks
 * of libvirt by their names. Pure.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-address.h"
#include "hostd/ntp-server.h"

/* An interface takes two places, one for each family. */
#define VT_NTP_LISTEN_MOST (VT_NTP_SERVER_MOST_PLACES / 2)

typedef struct {
    VtNtpAddress address;        /* unless one of the others is set */
    char interface[IF_NAMESIZE]; /* "" if none; of a network: its bridge, once known */
    const char *network;         /* libvirt's; borrowed from the setting */
} VtNtpListenAt;

typedef struct {
    VtNtpListenAt at[VT_NTP_LISTEN_MOST];
    size_t n_at;
    uint16_t port;     /* of interfaces and networks */
    bool is_asked_for; /* by the operator: one that cannot be served is worth a warning */
} VtNtpListen;

/*
 * From the settings `listen` and `ntp-port`: an empty list is loopback alone, port 0 is no
 * service at all. "192.0.2.1", "[2001:db8::1]:123", "virbr0", "network:default". Texts of @listen
 * must outlive the result. VT_ERROR_INVALID for anything else, and for too many.
 */
bool vt_ntp_listen_parse(const char *const *listen,
                         int64_t ntp_port,
                         VtNtpListen *ret_listen,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @text may be the name of an interface: what the kernel takes, and no address. */
bool vt_ntp_listen_is_interface(const char *text);

/* The places to serve; a network whose bridge is not known yet has none. Returns how many. */
size_t vt_ntp_listen_get_places(const VtNtpListen *listen,
                                VtNtpServerPlace ret_places[VT_NTP_SERVER_MOST_PLACES]);
