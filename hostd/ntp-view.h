/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the NTP server knows of the host's clock: the newest of the snapshots that the main thread
 * hands over through a letter box of one slot, aged to the moment of asking. It notices by itself
 * that the clock was set, so that no reply tells the new time with the old bound.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/host-clock.h"
#include "os/clock.h"

typedef struct VtNtpView VtNtpView;

/* @clock must outlive it. Until the first snapshot the host is not synchronised. Transfer full. */
VtNtpView *vt_ntp_view_new(VtClock *clock);
void vt_ntp_view_free(VtNtpView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpView, vt_ntp_view_free)

/* The main thread's: the state of the clock, as it is now. Never waits. */
void vt_ntp_view_post(VtNtpView *view, const VtHostClock *host);

/* All else is the server's thread's. */
typedef struct {
    VtHostClock host;
    VtMono boot_at; /* now */
    bool was_set;   /* the clock was set since the last look */
} VtNtpSight;

VtNtpSight vt_ntp_view_look(VtNtpView *view);
