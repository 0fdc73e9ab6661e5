/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the NTP server's thread knows of the clocks of network cards: the newest of the lines that
 * the main thread hands over through a letter box of one slot. Turns time stamps of cards into
 * those of the system's clock, if it knows how and the result is possible.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-card-clock.h"

#define VT_NTP_CARDS_MOST 8

/* Of a packet. */
typedef struct {
    unsigned interface_index; /* of the card; 0: it has not stamped */
    VtWall device_at;         /* by its clock */
    unsigned n_frame_bytes;   /* as received, without its check sum */
} VtNtpCardStamp;

typedef struct {
    unsigned interface_index;
    bool has_line; /* else its stamps cannot be used now */
    VtNtpCardLine line;
    VtNs kilobyte_ns; /* for how long 1000 bytes are on the wire; 0: not known */
} VtNtpCardState;

typedef struct {
    VtNtpCardState cards[VT_NTP_CARDS_MOST];
    size_t n_cards;
    VtMono boot_at; /* when the clocks were read */
} VtNtpCardStates;

typedef struct VtNtpCardView VtNtpCardView;

/* Transfer full. */
VtNtpCardView *vt_ntp_card_view_new(void);
void vt_ntp_card_view_free(VtNtpCardView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpCardView, vt_ntp_card_view_free)

/* The main thread's. Never waits. */
void vt_ntp_card_view_post(VtNtpCardView *view, const VtNtpCardStates *states);

/* All else is the server's thread's. The system's clock was set: what was read before is void. */
void vt_ntp_card_view_forget(VtNtpCardView *view, VtMono now);

/* What a stamp is compared with. */
typedef struct {
    VtMono boot_at;
    VtWall wall_at;
} VtNtpCardMoment;

/*
 * When the end of the packet came, by the system's clock. @kernel_at is when the kernel got it,
 * which is later, but not much. False: only @kernel_at is known.
 */
bool vt_ntp_card_view_find_received(VtNtpCardView *view,
                                    const VtNtpCardStamp *stamp,
                                    VtWall kernel_at,
                                    VtMono now,
                                    VtWall *ret_at);

/* When a packet left; false if that cannot be said. */
bool vt_ntp_card_view_find_sent(VtNtpCardView *view,
                                const VtNtpCardStamp *stamp,
                                const VtNtpCardMoment *now,
                                VtWall *ret_at);
