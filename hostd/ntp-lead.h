/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long after its stamp was taken a reply leaves, as the kernel tells of some of them: the
 * transmit stamps of a batch are written before any of it is sent. Follows the quickest fourth, so
 * that a thread that was preempted now and then does not count. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"
#include "proto/ntp-stamp.h"

/* Replies of one kind take alike. */
typedef enum {
    VT_NTP_LEAD_AWOKEN, /* it leaves alone, and nothing had happened for a while */
    VT_NTP_LEAD_SINGLE, /* it leaves alone */
    VT_NTP_LEAD_BATCH,  /* it is one of several */
    VT_NTP_LEAD_N_KINDS,
} VtNtpLeadKind;

/* The one whose answer from the kernel is awaited. */
typedef struct {
    VtNtpStamp receive; /* by which it is told; 0: none is */
    VtWall written;     /* when it was to leave */
    size_t index;
    VtNtpLeadKind kind;
} VtNtpLeadSample;

typedef struct {
    VtNs first_ns[VT_NTP_LEAD_N_KINDS]; /* of the first, or only one */
    VtNs step_ns;                       /* from one of a batch to the next */
    size_t n_samples[VT_NTP_LEAD_N_KINDS];
    VtMono asked_at[VT_NTP_LEAD_N_KINDS];
    VtNtpLeadSample sample;
} VtNtpLead;

void vt_ntp_lead_init(VtNtpLead *ret_lead);

/* @idle_ns is for how long nothing had happened. */
VtNtpLeadKind vt_ntp_lead_judge(size_t n_replies, VtNs idle_ns);

VtNs vt_ntp_lead_get(const VtNtpLead *lead, VtNtpLeadKind kind, size_t index);

/* Whether the next of that kind is one that the kernel is asked about at @now. */
bool vt_ntp_lead_is_due(const VtNtpLead *lead, VtNtpLeadKind kind, VtMono now);

/*
 * Whether the kernel is to be asked at @now when the reply with the index @index of @n_replies
 * leaves: some times a second for each kind, each of a batch in its turn. If so, @sample is the
 * one that is awaited from now on.
 */
bool
vt_ntp_lead_wants(VtNtpLead *lead, const VtNtpLeadSample *sample, size_t n_replies, VtMono now);

/* The reply named by @receive left at @sent_at; whether it is the one that is awaited. */
bool vt_ntp_lead_learn(VtNtpLead *lead, VtNtpStamp receive, VtWall sent_at);

/* The clock was set: the one that is awaited teaches nothing. */
void vt_ntp_lead_forget(VtNtpLead *lead);
