/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The NTP service: a thread of its own that answers clients over UDP, so that nothing hostd
 * does keeps a reply waiting. It knows an immutable snapshot of the host clock's state and an
 * immutable policy, which the main thread replaces by others, and shares nothing else but
 * counters and the records of its clients. An address that cannot be served now is tried again,
 * never the end of hostd.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "hostd/host-clock.h"
#include "hostd/ntp-clients.h"
#include "hostd/ntp-count.h"
#include "hostd/ntp-policy.h"
#include "hostd/ntp-socket.h"
#include "os/clock.h"

/* Places one server may listen at. */
#define VT_NTP_SERVER_MOST_PLACES 32

typedef struct VtNtpServer VtNtpServer;

typedef struct {
    VtNtpPlace place;
    int fd; /* the service manager's socket, from now on the server's; VT_FD_NONE: none */
} VtNtpServerPlace;

/*
 * Begins to serve @places, at most VT_NTP_SERVER_MOST_PLACES. Until the first
 * vt_ntp_server_set_host_clock it says that the host is not synchronised. Takes @policy over;
 * @clock must outlive it and is read by its thread. Transfer full.
 */
VtNtpServer *vt_ntp_server_new(const VtNtpServerPlace *places,
                               size_t n_places,
                               VtNtpPolicy *policy,
                               VtClock *clock);

/* Ends the thread. Takes NULL. */
void vt_ntp_server_free(VtNtpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpServer, vt_ntp_server_free)

/* What replies say from now on; to be called again each second, since old news are doubted. */
void vt_ntp_server_set_host_clock(VtNtpServer *server, const VtHostClock *host);

/*
 * What network cards' clocks show, for places that want their stamps; to be called some times a
 * second, since clocks drift apart.
 */
void vt_ntp_server_set_cards(VtNtpServer *server, const VtNtpCardStates *states);

/* Whom it answers from now on. Takes @policy over. */
void vt_ntp_server_set_policy(VtNtpServer *server, VtNtpPolicy *policy);

/* An interface came or went: tries again at once what cannot be served. */
void vt_ntp_server_look_again(VtNtpServer *server);

size_t vt_ntp_server_get_n_places(const VtNtpServer *server);

/*
 * The place with that index, with the port in force while it is served; *@ret_error_number is
 * 0 then and an errno value, the reason, while it is not.
 */
VtNtpPlace vt_ntp_server_get_place(VtNtpServer *server, size_t index, int *ret_error_number);

/* More comes there than can be answered: its gate is shut, see hostd/ntp-gate.h. */
bool vt_ntp_server_is_flooded(const VtNtpServer *server, size_t index);

VtNtpCounters vt_ntp_server_get_counters(const VtNtpServer *server);

/* Copies the records of clients, @most of them at most; returns how many. */
size_t
vt_ntp_server_copy_clients(const VtNtpServer *server, VtNtpClient *ret_clients, size_t most);
