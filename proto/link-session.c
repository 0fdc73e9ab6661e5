/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/link-session.h"

#include <glib.h>

void
vt_link_session_begin(VtLinkSession *session, uint64_t own_nonce)
{
    g_assert(own_nonce != 0);
    *session = (VtLinkSession){ .own_nonce = own_nonce };
}

VtLinkHelloEffect
vt_link_session_on_hello(VtLinkSession *session, const VtLinkHello *hello)
{
    VtLinkHelloEffect effect = { 0 };
    bool knows_us = hello->peer_nonce == session->own_nonce;

    effect.is_new_session = hello->nonce != session->peer_nonce;
    effect.needs_answer = effect.is_new_session || !knows_us;
    if (effect.is_new_session) {
        session->peer_nonce = hello->nonce;
        session->is_up = false;
    }
    if (knows_us && !session->is_up) {
        session->is_up = true;
        effect.came_up = true;
    }
    return effect;
}

void
vt_link_session_seal(VtLinkSession *session, VtLinkFrame *frame)
{
    frame->version = VT_LINK_VERSION;
    frame->sequence = session->sequence++;
}
