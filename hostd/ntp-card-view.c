/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-card-view.h"

#include "hostd/ntp-letter-box.h"

/* The main thread is busy, or the card does not answer: the line is followed for so long. */
#define MOST_AGE_NS (2 * VT_NS_PER_SEC)

/*
 * The kernel takes its own stamp when the card's interrupt is served: some cards gather frames for
 * a fraction of a millisecond, and a host may be busy.
 */
#define MOST_LATE_NS (10 * VT_NS_PER_MS)

/* The card cannot be later than the kernel; its line may err by so much. */
#define MOST_EARLY_NS (50 * VT_NS_PER_US)

/* A reply that left is told of at once. */
#define MOST_TOLD_NS VT_NS_PER_SEC

/* IEEE 802.3: a frame's check sum, which its length in the kernel leaves out. */
#define CHECK_BYTES 4

struct VtNtpCardView {
    VtNtpLetterBox box; /* VtNtpCardStates */
    VtMono set_at;      /* what was read before is of another clock */
};

VtNtpCardView *
vt_ntp_card_view_new(void)
{
    VtNtpCardView *view = g_new0(VtNtpCardView, 1);
    vt_ntp_letter_box_init(&view->box, g_new0(VtNtpCardStates, 1), g_free);
    return view;
}

void
vt_ntp_card_view_free(VtNtpCardView *view)
{
    if (view == NULL)
        return;
    vt_ntp_letter_box_clear(&view->box);
    g_free(view);
}

void
vt_ntp_card_view_post(VtNtpCardView *view, const VtNtpCardStates *states)
{
    VtNtpCardStates *copy = g_new(VtNtpCardStates, 1);
    *copy = *states;
    vt_ntp_letter_box_post(&view->box, copy);
}

void
vt_ntp_card_view_forget(VtNtpCardView *view, VtMono now)
{
    view->set_at = now;
}

/* The card that stamped, if its clock can be read. */
static const VtNtpCardState *
find(VtNtpCardView *view, const VtNtpCardStamp *stamp, VtMono now)
{
    if (stamp->interface_index == 0)
        return NULL;
    const VtNtpCardStates *states = vt_ntp_letter_box_take(&view->box);
    if (vt_mono_diff(states->boot_at, view->set_at) <= 0 ||
        vt_mono_diff(now, states->boot_at) > MOST_AGE_NS)
        return NULL;
    for (size_t i = 0; i < states->n_cards; i++) {
        if (states->cards[i].interface_index == stamp->interface_index)
            return states->cards[i].has_line ? &states->cards[i] : NULL;
    }
    return NULL;
}

bool
vt_ntp_card_view_find_received(VtNtpCardView *view,
                               const VtNtpCardStamp *stamp,
                               VtWall kernel_at,
                               VtMono now,
                               VtWall *ret_at)
{
    const VtNtpCardState *card = find(view, stamp, now);
    if (card == NULL)
        return false;
    /* Cards stamp where a frame begins; NTP counts from where a request ends (RFC 5905). */
    VtNs on_wire_ns = (stamp->n_frame_bytes + CHECK_BYTES) * card->kilobyte_ns / 1000;
    VtWall at =
        vt_wall_add(vt_ntp_card_line_convert(&card->line, stamp->device_at), on_wire_ns);
    VtNs late_ns = vt_wall_diff(kernel_at, at);
    if (late_ns > MOST_LATE_NS || late_ns < -MOST_EARLY_NS)
        return false;
    *ret_at = late_ns < 0 ? kernel_at : at;
    return true;
}

bool
vt_ntp_card_view_find_sent(VtNtpCardView *view,
                           const VtNtpCardStamp *stamp,
                           const VtNtpCardMoment *now,
                           VtWall *ret_at)
{
    const VtNtpCardState *card = find(view, stamp, now->boot_at);
    if (card == NULL)
        return false;
    VtWall at = vt_ntp_card_line_convert(&card->line, stamp->device_at);
    VtNs told_ns = vt_wall_diff(now->wall_at, at);
    if (told_ns < -MOST_EARLY_NS || told_ns > MOST_TOLD_NS)
        return false;
    *ret_at = at;
    return true;
}
