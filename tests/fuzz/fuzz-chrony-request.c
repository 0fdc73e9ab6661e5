/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a packet, read as a request and as an answer; what is accepted is encoded alike. */
#include <string.h>

#include <glib.h>

#include "proto/chrony-request.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t again[VT_CHRONY_ANSWER_BYTES];
    VtChronyWish wish;
    VtChronyCode code;
    if (vt_chrony_ask_decode(bytes, n_bytes, &wish)) {
        vt_chrony_ask_encode(wish, again);
        g_assert(n_bytes == VT_CHRONY_ASK_BYTES && memcmp(bytes, again, n_bytes) == 0);
    }
    if (vt_chrony_answer_decode(bytes, n_bytes, &wish, &code)) {
        vt_chrony_answer_encode(wish, code, again);
        g_assert(n_bytes == VT_CHRONY_ANSWER_BYTES && memcmp(bytes, again, n_bytes) == 0);
        g_assert(code < VT_CHRONY_N_CODES);
    }
    return 0;
}
