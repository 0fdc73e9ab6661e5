/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/chrony-request.h"

#define VERSION 1

static bool
is_wish(uint8_t wish)
{
    return wish >= VT_CHRONY_WISH_RESET && wish < VT_CHRONY_WISH_END;
}

void
vt_chrony_ask_encode(VtChronyWish wish, uint8_t ret_bytes[VT_CHRONY_ASK_BYTES])
{
    ret_bytes[0] = VERSION;
    ret_bytes[1] = (uint8_t)wish;
}

void
vt_chrony_answer_encode(VtChronyWish wish,
                        VtChronyCode code,
                        uint8_t ret_bytes[VT_CHRONY_ANSWER_BYTES])
{
    vt_chrony_ask_encode(wish, ret_bytes);
    ret_bytes[2] = (uint8_t)code;
}

bool
vt_chrony_ask_decode(const uint8_t *bytes, size_t n_bytes, VtChronyWish *ret_wish)
{
    if (n_bytes != VT_CHRONY_ASK_BYTES || bytes[0] != VERSION || !is_wish(bytes[1]))
        return false;
    *ret_wish = (VtChronyWish)bytes[1];
    return true;
}

bool
vt_chrony_answer_decode(const uint8_t *bytes,
                        size_t n_bytes,
                        VtChronyWish *ret_wish,
                        VtChronyCode *ret_code)
{
    if (n_bytes != VT_CHRONY_ANSWER_BYTES || bytes[2] >= VT_CHRONY_N_CODES ||
        !vt_chrony_ask_decode(bytes, VT_CHRONY_ASK_BYTES, ret_wish))
        return false;
    *ret_code = (VtChronyCode)bytes[2];
    return true;
}

const char *
vt_chrony_code_text(VtChronyCode code)
{
    static const char *const texts[VT_CHRONY_N_CODES] = {
        [VT_CHRONY_CODE_DONE] = "",
        [VT_CHRONY_CODE_REFUSED] = "chronyd refused it",
        [VT_CHRONY_CODE_UNREACHABLE] = "chronyd does not answer the helper",
        [VT_CHRONY_CODE_INVALID] = "the helper does not know this request",
    };
    return (unsigned)code < VT_CHRONY_N_CODES ? texts[code] : "";
}
