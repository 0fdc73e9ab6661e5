/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network card that stamps packets by a clock of its own: made to do so, as far as it can and
 * lets itself be told, and its clock read. What it already does for others (a PTP daemon) goes on.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-card-clock.h"

/* What stands between this and the kernel. */
typedef struct {
    /* As ioctl(2) on a socket: 0, or an errno value. */
    int (*control)(unsigned long request, struct ifreq *argument, void *user_data);
    void *user_data;
} VtNtpCardKernel;

typedef struct {
    unsigned interface_index;
    bool stamps_received; /* all packets */
    bool stamps_sent;
    VtNs kilobyte_ns; /* for how long 1000 bytes are on the wire; 0: not known */
} VtNtpCardTraits;

typedef struct VtNtpCard VtNtpCard;

/*
 * VT_ERROR_NOT_FOUND: there is no such interface; VT_ERROR_UNSUPPORTED: it has no clock, or stamps
 * neither what comes nor what leaves; others: it has, and the kernel refuses. @kernel may be NULL:
 * the real one. Transfer full.
 */
VtNtpCard *
vt_ntp_card_open(const char *interface, const VtNtpCardKernel *kernel, GError **error);
void vt_ntp_card_free(VtNtpCard *card);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpCard, vt_ntp_card_free)

VtNtpCardTraits vt_ntp_card_get_traits(const VtNtpCard *card);

/* Its speed may have changed. */
void vt_ntp_card_look_again(VtNtpCard *card);

/* Fails as vt_ptp_read; VT_ERROR_BUSY also if it took too long to be of use. */
bool vt_ntp_card_read(VtNtpCard *card, VtNtpCardReading *ret_reading, GError **error);
