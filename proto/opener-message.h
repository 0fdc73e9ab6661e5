/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hostd and the privileged opener of channel sockets say to each other: one request and one
 * reply, each a packet of its own on a local socket, the connected channel's descriptor beside
 * the reply. Little-endian. The opener is privileged and the request comes from a process that
 * talks to guests: whatever does not fit the description below is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_OPENER_UUID_CHARACTERS 36
#define VT_OPENER_MAX_URI_BYTES   255
#define VT_OPENER_MAX_TEXT_BYTES  255

/* Version, kind, time limit, UUID, URI to the end of the packet. */
#define VT_OPENER_MAX_REQUEST_BYTES (6 + VT_OPENER_UUID_CHARACTERS + VT_OPENER_MAX_URI_BYTES)
/* Version, code, text to the end of the packet. */
#define VT_OPENER_MAX_REPLY_BYTES (2 + VT_OPENER_MAX_TEXT_BYTES)

typedef enum {
    VT_OPENER_OPEN = 1, /* the socket as it is now */
    VT_OPENER_WAIT = 2, /* as soon as it appears, within the time limit */
} VtOpenerKind;

typedef struct {
    uint8_t kind; /* VtOpenerKind */
    uint32_t time_limit_ms;
    char uuid[VT_OPENER_UUID_CHARACTERS + 1]; /* lower case, with dashes */
    char uri[VT_OPENER_MAX_URI_BYTES + 1];    /* printable ASCII without blanks, not empty */
} VtOpenerRequest;

/* What the asker can do about it decides the code. */
typedef enum {
    VT_OPENER_OK,        /* the descriptor came along */
    VT_OPENER_INVALID,   /* the request is malformed: a bug of the asker */
    VT_OPENER_DENIED,    /* the settings of the opener do not allow it */
    VT_OPENER_NOT_FOUND, /* no such domain, channel or socket now */
    VT_OPENER_BUSY,      /* a queue is full: try again later */
    VT_OPENER_TIMED_OUT, /* it did not appear */
    VT_OPENER_FAILED,
    VT_OPENER_N_CODES,
} VtOpenerCode;

typedef struct {
    uint8_t code;                            /* VtOpenerCode */
    char text[VT_OPENER_MAX_TEXT_BYTES + 1]; /* for people; printable ASCII */
} VtOpenerReply;

/* @uuid is that of libvirt: 36 characters, lower case hexadecimal and dashes. */
bool vt_opener_is_uuid(const char *uuid);

/*
 * The encoders return the number of bytes written. A request must hold what the decoder asks
 * for; of a text, what is not printable is written as '?' and what is too long is cut.
 */
size_t vt_opener_request_encode(const VtOpenerRequest *request,
                                uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES]);
size_t vt_opener_reply_encode(const VtOpenerReply *reply,
                              uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES]);

/* False when the packet is not exactly as described; the result is written only on success. */
bool
vt_opener_request_decode(const uint8_t *bytes, size_t n_bytes, VtOpenerRequest *ret_request);
bool vt_opener_reply_decode(const uint8_t *bytes, size_t n_bytes, VtOpenerReply *ret_reply);
