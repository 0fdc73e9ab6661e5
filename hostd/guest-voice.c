/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-voice.h"

VtGuestMode
vt_guest_voice_get_mode(const VtGuestVoice *voice)
{
    return voice->context->is_frozen ? vt_guest_mode_freeze(voice->domain_mode)
                                     : voice->domain_mode;
}

void
vt_guest_voice_tell_mode(VtGuestVoice *voice, VtGuestLink *link)
{
    uint8_t mode = vt_guest_voice_get_mode(voice).mode;

    if (link == NULL)
        return;
    vt_guest_link_set_hello(link, voice->events->epoch, mode);
    if (mode == voice->told_mode || !voice->events->is_running || !vt_guest_link_is_up(link))
        return;
    if (vt_guest_link_send_hello(link))
        voice->told_mode = mode;
}

void
vt_guest_voice_on_up(VtGuestVoice *voice)
{
    voice->told_mode = vt_guest_voice_get_mode(voice).mode;
}

bool
vt_guest_voice_may_notify(const VtGuestVoice *voice)
{
    return !voice->context->is_frozen && voice->domain_mode.mode != VT_LINK_MODE_OFF;
}

void
vt_guest_voice_send_notice(VtGuestVoice *voice, VtGuestLink *link, bool is_early)
{
    if (link == NULL || !vt_guest_voice_may_notify(voice))
        return;

    const VtGuestEvent *event = &voice->events->event;
    const VtHostClock *host = &voice->context->host_clock;
    VtLinkNotice notice = {
        .event = event->id,
        .epoch = voice->events->epoch,
        .cause = event->cause,
        .seen_at = vt_clock_read_wall(voice->context->clock),
        .host_error_ns = vt_host_clock_get_error(host),
    };
    if (host->is_synchronised)
        notice.flags |= VT_LINK_NOTICE_HOST_SYNCHRONISED;
    if (is_early)
        notice.flags |= VT_LINK_NOTICE_EARLY;
    if (!is_early && vt_guest_event_stand_still(event, &notice.stand_still_ns))
        notice.flags |= VT_LINK_NOTICE_STAND_STILL_KNOWN;

    if (!vt_guest_link_send_notice(link, &notice))
        return;
    voice->record->n_notices += 1;
    if (!is_early && vt_guest_link_is_up(link))
        vt_guest_events_on_told(voice->events, vt_clock_read_boot(voice->context->clock));
}

void
vt_guest_voice_tell(VtGuestVoice *voice, VtGuestLink *link, VtTell what)
{
    vt_guest_voice_tell_mode(voice, link);
    switch (what) {
    case VT_TELL_NOTHING:
        return;
    case VT_TELL_EARLY:
        vt_guest_voice_send_notice(voice, link, true);
        return;
    case VT_TELL_NOTICE:
        vt_guest_voice_send_notice(voice, link, false);
        return;
    }
    g_assert_not_reached();
}
