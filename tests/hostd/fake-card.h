/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network card as the kernel presents it to those who want it to stamp: its ioctls on a
 * socket.
 */
#pragma once

#include <linux/net_tstamp.h>
#include <stdbool.h>

#include "hostd/ntp-card.h"

typedef struct {
    const char *interface; /* the only one that there is */
    unsigned interface_index;
    int clock_number;  /* of /dev/ptpN; -1: it has none */
    unsigned tx_types; /* as its driver says, bits */
    unsigned rx_filters;
    bool is_mistaken;                /* it cannot receive what it says, and refuses by ERANGE */
    bool grants_more;                /* it stamps everything when it is asked for NTP */
    int set_errno;                   /* of whoever wants to change it; 0: it lets itself be */
    struct hwtstamp_config settings; /* in force */
    unsigned n_sets;
    unsigned megabits;
} FakeCard;

/* Its instance is the FakeCard. */
VtNtpCardKernel fake_card_get_kernel(FakeCard *card);
