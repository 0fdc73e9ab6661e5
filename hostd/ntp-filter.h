/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program for the kernel that says which datagrams get into the queue of an NTP socket while
 * more come than can be answered: all of the sources that are known to behave, a small share of
 * those that flood, and a share of all others. Classic BPF, which needs no privilege. Pure.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostd/ntp-peer.h"

/* As many as the kernel takes (BPF_MAXINSNS), and room for so many sources in them. */
#define VT_NTP_FILTER_MOST_STEPS   4096
#define VT_NTP_FILTER_MOST_SOURCES 2048

/* Shares are parts of this. */
#define VT_NTP_FILTER_ALL UINT64_C(0x100000000)

/*
 * Sources stand in the program as 32 bits each. What is mixed in is to be random, so that nobody
 * can choose an IPv6 network that is taken for another.
 */
typedef struct {
    uint32_t factors[2];
} VtNtpFilterMix;

typedef struct {
    uint32_t key;
    bool is_flooding;
} VtNtpFilterSource;

VtNtpFilterMix vt_ntp_filter_mix_from_seed(uint64_t seed);

/* Of IPv6, of the network of 64 bits. */
uint32_t vt_ntp_filter_get_key(const VtNtpFilterMix *mix, VtNtpPeerAddress address);

typedef struct {
    const VtNtpFilterSource *sources; /* ascending by their keys */
    size_t n_sources;                 /* VT_NTP_FILTER_MOST_SOURCES at most */
    uint64_t flooding_share;          /* of what those send */
    uint64_t other_share;             /* of what comes from sources that are not among them */
} VtNtpFilterPlan;

/* Returns the number of steps. */
size_t vt_ntp_filter_compose(const VtNtpFilterMix *mix,
                             const VtNtpFilterPlan *plan,
                             struct sock_filter ret_steps[VT_NTP_FILTER_MOST_STEPS]);
