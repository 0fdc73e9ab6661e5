/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One UDP socket of the NTP service: datagrams in and out by the batch, with the kernel's
 * receive stamps and the address each was sent to, so that the reply leaves from that address.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "hostd/ntp-address.h"
#include "os/fd.h"
#include "proto/ntp-packet.h"

/* Of one turn: no socket keeps the others waiting for longer. */
#define VT_NTP_SOCKET_BATCH 16

typedef struct {
    uint8_t bytes[VT_NTP_PACKET_BYTES]; /* what is longer is cut */
    size_t n_bytes;
    VtNtpAddress peer;
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } local; /* that it was sent to, or is to leave from */
    unsigned interface_index;
    bool has_local;  /* the three above were told */
    bool is_to_many; /* sent to a broadcast or multicast address */
    bool has_stamp;
    VtWall received_at; /* by the kernel's clock */
} VtNtpDatagram;

/*
 * Opens a socket bound to @address, which need not be there yet. On failure VT_FD_NONE, and why
 * in *@ret_error_number: EADDRINUSE, somebody else serves it; EACCES, no CAP_NET_BIND_SERVICE.
 */
VtFd vt_ntp_socket_open(const VtNtpAddress *address, int *ret_error_number);

/* The address in force: what the kernel chose for port 0. */
VtNtpAddress vt_ntp_socket_get_address(int fd);

/* What has arrived, at most one batch; 0 when nothing has. Never blocks. */
size_t vt_ntp_socket_receive(int fd, VtNtpDatagram ret_datagrams[VT_NTP_SOCKET_BATCH]);

/* Sends @n_datagrams; returns how many left. Never blocks: what does not fit is lost. */
size_t vt_ntp_socket_send(int fd, const VtNtpDatagram *datagrams, size_t n_datagrams);
