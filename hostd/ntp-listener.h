/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One place where the NTP service listens, and the socket there as far as it can be had: an
 * address may be taken, an interface may come later or come back as another. The server's
 * thread owns it; what became of it any thread may ask.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hostd/ntp-gate.h"
#include "hostd/ntp-socket.h"

typedef struct {
    VtNtpPlace wanted;
    bool is_adopted; /* the service manager's socket: it is not opened again */
    VtFd fd;
    unsigned interface_index; /* that the socket is bound to; 0: to none */
    uint32_t n_overflows;     /* as the socket told last */
    VtNtpGate gate;
    atomic_int error_number; /* 0: served */
    atomic_uint port;        /* in force, host order */
    atomic_bool is_flooded;  /* the gate is shut */
} VtNtpListener;

/* Begins to listen if it can. Takes over @fd unless that is VT_FD_NONE. */
void vt_ntp_listener_init(VtNtpListener *ret_listener, const VtNtpPlace *wanted, int fd);
void vt_ntp_listener_clear(VtNtpListener *listener);

/*
 * Opens what is not open, and what is bound to an interface that has gone; false if something is
 * left to be tried again.
 */
bool vt_ntp_listener_retry(VtNtpListener *listener);
