/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network cards whose time stamps the settings ask for: each is switched on when it is there,
 * its clock read four times a second, and what is wrong with it told once.
 */
#pragma once

#include <glib.h>

#include "hostd/ntp-card-view.h"
#include "hostd/ntp-card.h"
#include "os/clock.h"

typedef struct VtNtpCards VtNtpCards;

/* @on_states gets what is known of their clocks, as often as these are read. */
typedef struct {
    const char *const *interfaces; /* VT_NTP_CARDS_MOST at most; NULL: none */
    const VtNtpCardKernel *kernel; /* borrowed; NULL: the real one */
    void (*on_states)(const VtNtpCardStates *states, void *user_data);
    void *user_data;
} VtNtpCardsParams;

/* @clock must outlive it. Transfer full. */
VtNtpCards *vt_ntp_cards_new(const VtNtpCardsParams *params, VtClock *clock);
void vt_ntp_cards_free(VtNtpCards *cards);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpCards, vt_ntp_cards_free)

/* VT_ERROR_INVALID for what are no names of interfaces, and too many. */
bool vt_ntp_cards_check(const char *const *interfaces, GError **error);

/* An interface came, went or changed. */
void vt_ntp_cards_look_again(VtNtpCards *cards);

/* Reads their clocks now, as the timer does. */
void vt_ntp_cards_read(VtNtpCards *cards);

/*
 * For operators, "aa{sv}": interface s, receive b and transmit b (what it stamps), problem s.
 * Floating.
 */
GVariant *vt_ntp_cards_report(const VtNtpCards *cards);
