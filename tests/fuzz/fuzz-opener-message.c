/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a packet, read as a request and as a reply. What is accepted holds what the header
 * promises and is encoded to the same bytes again.
 */
#include <string.h>

#include <glib.h>

#include "proto/opener-message.h"
#include "tests/fuzz/fuzz.h"

static void
check_request(const uint8_t *bytes, size_t n_bytes)
{
    VtOpenerRequest request;
    uint8_t again[VT_OPENER_MAX_REQUEST_BYTES];
    if (!vt_opener_request_decode(bytes, n_bytes, &request))
        return;
    g_assert(vt_opener_is_uuid(request.uuid));
    g_assert(request.uri[0] != '\0' && strchr(request.uri, ' ') == NULL);
    g_assert(vt_opener_request_encode(&request, again) == n_bytes);
    g_assert(memcmp(again, bytes, n_bytes) == 0);
}

static void
check_reply(const uint8_t *bytes, size_t n_bytes)
{
    VtOpenerReply reply;
    uint8_t again[VT_OPENER_MAX_REPLY_BYTES];
    if (!vt_opener_reply_decode(bytes, n_bytes, &reply))
        return;
    g_assert(reply.code < VT_OPENER_N_CODES);
    g_assert(vt_opener_reply_encode(&reply, again) == n_bytes);
    g_assert(memcmp(again, bytes, n_bytes) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    check_request(bytes, n_bytes);
    check_reply(bytes, n_bytes);
    return 0;
}
