/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may follow the 48 bytes of an NTP header: extension fields (RFC 7822) and a message
 * authentication code. Finds where they end, and believes no length it was told. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of a code: the number of its key. */
#define VT_NTP_KEY_ID_BYTES 4

typedef enum {
    VT_NTP_TAIL_PLAIN,  /* nothing, or fields alone */
    VT_NTP_TAIL_MAC,    /* a code ends the packet */
    VT_NTP_TAIL_BROKEN, /* neither field nor code could be */
} VtNtpTailKind;

typedef struct {
    VtNtpTailKind kind;
    unsigned n_fields;
    size_t n_signed_bytes; /* header and fields: what a code covers, and where it begins */
    uint32_t key_id;       /* of the code */
    size_t n_mac_bytes;    /* of the code without its key's number */
} VtNtpTail;

/*
 * @bytes are those of a packet of that version, header included, at least 48. Up to version 3
 * there are no fields: all that follows the header is a code.
 */
VtNtpTail vt_ntp_tail_parse(unsigned version, const uint8_t *bytes, size_t n_bytes);
