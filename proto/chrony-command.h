/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chronyd's command protocol, version 6 (candm.h of chrony): asking how good the clock is that
 * it steers. Big-endian. The request is as long as the reply it asks for, as chronyd demands. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define VT_CHRONY_TRACKING_BYTES 104

/* What a request takes, at most, and the reply to one that only does something. */
#define VT_CHRONY_MAX_REQUEST_BYTES VT_CHRONY_TRACKING_BYTES
#define VT_CHRONY_NULL_REPLY_BYTES  28

/* What chronyd is asked to do; the numbers are its own. */
typedef enum {
    VT_CHRONY_BURST = 3,          /* measure all sources now: 4 good readings of at most 8 */
    VT_CHRONY_MAKESTEP = 43,      /* correct at once what is being slewed */
    VT_CHRONY_RESET_SOURCES = 66, /* forget what was measured */
} VtChronyCommand;

typedef struct {
    uint32_t reference_id;
    uint16_t stratum;
    uint16_t leap;       /* as in NTP; 3: not synchronised */
    VtWall reference_at; /* of the last update */
    VtNs correction_ns;  /* what is still being slewed; its sign is chronyd's */
    VtNs root_delay_ns;
    VtNs root_dispersion_ns;
} VtChronyTracking;

typedef enum {
    VT_CHRONY_REPLY_OK,
    VT_CHRONY_REPLY_MALFORMED, /* not a reply of this protocol */
    VT_CHRONY_REPLY_FOREIGN,   /* to another request */
    VT_CHRONY_REPLY_REFUSED,   /* chronyd says no */
} VtChronyReply;

/* @sequence is to be random: it tells the reply from others. */
void vt_chrony_encode_tracking_request(uint32_t sequence,
                                       uint8_t ret_bytes[VT_CHRONY_TRACKING_BYTES]);

/* Returns the number of bytes written. */
size_t vt_chrony_encode_command(VtChronyCommand command,
                                uint32_t sequence,
                                uint8_t ret_bytes[VT_CHRONY_MAX_REQUEST_BYTES]);

/* Whether chronyd did it. */
VtChronyReply vt_chrony_decode_done(const uint8_t *bytes,
                                    size_t n_bytes,
                                    VtChronyCommand command,
                                    uint32_t sequence);

/* *@ret_tracking is written with VT_CHRONY_REPLY_OK only. */
VtChronyReply vt_chrony_decode_tracking_reply(const uint8_t *bytes,
                                              size_t n_bytes,
                                              uint32_t sequence,
                                              VtChronyTracking *ret_tracking);

/* chronyd's 32-bit number in seconds, in nanoseconds, rounded to nearest; saturates. */
VtNs vt_chrony_float_to_ns(uint32_t bits);
