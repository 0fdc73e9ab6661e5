/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the agent and virt-time-chrony-helper say to each other: packets of a local socket, each
 * request answered by one reply, in order. The helper runs as chronyd's user and the request
 * comes from another one: whatever does not fit the description below is refused. Pure.
 *
 *     request: version, wish                 reply: version, wish, code
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_CHRONY_ASK_BYTES    2
#define VT_CHRONY_ANSWER_BYTES 3

typedef enum {
    VT_CHRONY_WISH_RESET = 1, /* forget what was measured: the clock was moved by another */
    VT_CHRONY_WISH_BURST,     /* measure all sources now */
    VT_CHRONY_WISH_MAKESTEP,  /* step what is being slewed */
    VT_CHRONY_WISH_END,
} VtChronyWish;

typedef enum {
    VT_CHRONY_CODE_DONE,
    VT_CHRONY_CODE_REFUSED,     /* chronyd says no */
    VT_CHRONY_CODE_UNREACHABLE, /* nobody answers on its socket */
    VT_CHRONY_CODE_INVALID,     /* no such wish */
    VT_CHRONY_N_CODES,
} VtChronyCode;

void vt_chrony_ask_encode(VtChronyWish wish, uint8_t ret_bytes[VT_CHRONY_ASK_BYTES]);
void vt_chrony_answer_encode(VtChronyWish wish,
                             VtChronyCode code,
                             uint8_t ret_bytes[VT_CHRONY_ANSWER_BYTES]);

/* False when the packet is not exactly as described; the result is written only on success. */
bool vt_chrony_ask_decode(const uint8_t *bytes, size_t n_bytes, VtChronyWish *ret_wish);
bool vt_chrony_answer_decode(const uint8_t *bytes,
                             size_t n_bytes,
                             VtChronyWish *ret_wish,
                             VtChronyCode *ret_code);

/* "chronyd refused it", ...; "" for done. */
const char *vt_chrony_code_text(VtChronyCode code);
