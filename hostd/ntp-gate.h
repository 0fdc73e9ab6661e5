/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps a flood out of the queue of an NTP socket. While the queue stays short it is open. When
 * more comes than the server can take, the sources that flood are let in by the pinch, and if
 * that does not do, all that are not known to behave are let in by a share that is halved until
 * the queue is short. Every now and then it tries whether less would do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hostd/ntp-clients.h"
#include "hostd/ntp-filter.h"

typedef struct {
    unsigned level; /* 0: open; 1: floods are kept out; each beyond halves the others' share */
    size_t n_turns; /* full ones */
    uint32_t n_dropped; /* by the kernel, when the level was changed or found to be right */
    VtMono changed_at;
    VtMono listed_at; /* the sources */
    bool was_opened;  /* by one level, last */
    VtNs hold_ns;     /* until it tries a lower level */
} VtNtpGate;

/* Room for the lists, made once for all gates. */
typedef struct VtNtpGatekeeper VtNtpGatekeeper;

/* @seed is to be random. Transfer full. */
VtNtpGatekeeper *vt_ntp_gatekeeper_new(uint64_t seed);
void vt_ntp_gatekeeper_free(VtNtpGatekeeper *keeper);

/* Who behaves, and how much that is. */
typedef struct {
    const VtNtpClients *clients;
    VtNs interval_ns; /* that the settings leave between requests; 0: they have no limit */
    VtMono now;
} VtNtpGateView;

/*
 * After a turn of the socket @fd, and each second while the gate is shut: opens or shuts it as
 * the queue demands. @was_full: the turn took as much as a turn may.
 */
void vt_ntp_gate_tend(VtNtpGate *gate,
                      VtNtpGatekeeper *keeper,
                      int fd,
                      bool was_full,
                      const VtNtpGateView *view);
