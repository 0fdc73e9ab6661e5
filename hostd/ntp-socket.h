/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One UDP socket of the NTP service: datagrams in and out by the batch, with the kernel's
 * receive stamps, on demand its transmit stamps, and the address each was sent to, so that the
 * reply leaves from that address. The buffers of a turn are made once and used for every one.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "base/units.h"
#include "hostd/ntp-address.h"
#include "hostd/ntp-card-view.h"
#include "os/fd.h"
#include "proto/ntp-keys.h"
#include "proto/ntp-packet.h"
#include "proto/ntp-tail.h"

/* Of one turn: no socket keeps the others waiting for longer. */
#define VT_NTP_SOCKET_BATCH 16

/* More than an Ethernet frame holds; nobody asks the time with more. */
#define VT_NTP_REQUEST_MOST_BYTES 1536

#define VT_NTP_REPLY_MOST_BYTES (VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES + VT_NTP_CMAC_BYTES)

/* Where a socket is to listen. */
typedef struct {
    VtNtpAddress address;
    char interface[IF_NAMESIZE]; /* "": on any */
    bool wants_card_stamps;      /* those of network cards, where they are switched on */
} VtNtpPlace;

typedef struct {
    uint8_t bytes[VT_NTP_REQUEST_MOST_BYTES];
    size_t n_bytes;
    bool is_cut; /* it was longer */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } local; /* that it was sent to, and is answered from */
    unsigned interface_index;
    bool has_local;  /* the two above were told */
    bool is_to_many; /* sent to a broadcast or multicast address */
    bool has_stamp;
    bool has_card_stamp;
    VtWall received_at;   /* by the kernel's clock */
    VtNtpCardStamp card;  /* if it has one */
    uint32_t n_overflows; /* datagrams that the socket's queue had no room for, so far */

    /* The reply; the caller's to fill. */
    uint8_t reply[VT_NTP_REPLY_MOST_BYTES];
    size_t n_reply_bytes;  /* 0: none */
    bool wants_sent_stamp; /* see vt_ntp_socket_read_sent */
    bool wants_card_stamp; /* that of the card, if it has one */
} VtNtpDatagram;

/*
 * Opens a socket at @place, whose address need not be there yet, but whose interface must. On
 * failure VT_FD_NONE, and why in *@ret_error_number: EADDRINUSE, somebody else serves it;
 * EACCES, no CAP_NET_BIND_SERVICE; ENODEV, no such interface.
 */
VtFd vt_ntp_socket_open(const VtNtpPlace *place, int *ret_error_number);

/* Makes a bound socket from elsewhere ready; false if it is not what could be served. */
bool vt_ntp_socket_adopt(int fd);

/* From now on datagrams have the stamps of network cards, too. */
void vt_ntp_socket_want_card_stamps(int fd);

/* The address in force: what the kernel chose for port 0. */
VtNtpAddress vt_ntp_socket_get_address(int fd);

/* The buffers of one turn. */
typedef struct VtNtpTurn VtNtpTurn;

/* Transfer full. */
VtNtpTurn *vt_ntp_turn_new(void);
void vt_ntp_turn_free(VtNtpTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpTurn, vt_ntp_turn_free)

/* The datagram with that index. Transfer none. */
VtNtpDatagram *vt_ntp_turn_get(VtNtpTurn *turn, size_t index);

/* What has arrived, at most one batch; returns how many. Never blocks. */
size_t vt_ntp_turn_receive(VtNtpTurn *turn, int fd);

/*
 * Whether the replies to @n_datagrams from @first on, as they are now, would leave as one message
 * which the kernel cuts apart: all of them to one client.
 */
bool vt_ntp_turn_is_bunch(const VtNtpTurn *turn, size_t first, size_t n_datagrams);

/*
 * Sends the replies of @n_datagrams from @first on; returns how many left. Never blocks: what
 * does not fit is lost.
 */
size_t vt_ntp_turn_send(VtNtpTurn *turn, int fd, size_t first, size_t n_datagrams);

/* A reply has left. It is named by the receive stamp in it, which, was it with a code or not? */
typedef struct {
    VtWall sent_at; /* by the kernel's clock, unless the card has stamped it */
    bool has_card_stamp;
    VtNtpCardStamp card; /* the length is not told */
    VtNtpStamp plain_receive;
    VtNtpStamp authenticated_receive;
} VtNtpSent;

/*
 * Reads what the kernel tells of replies that wanted it, one batch at most; returns how many.
 * Whoever polls the socket must call it when there is an error, which would stay otherwise.
 */
size_t vt_ntp_socket_read_sent(int fd, VtNtpSent ret_sent[VT_NTP_SOCKET_BATCH]);
