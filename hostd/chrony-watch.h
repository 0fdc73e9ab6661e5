/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks chronyd, where one runs, how good the clock is that it steers: by its socket where hostd
 * may use that, else over UDP on loopback, as chronyc does. Never waits: the answer of one second
 * is there in the next.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/clock.h"
#include "proto/chrony-command.h"

typedef struct VtChronyWatch VtChronyWatch;

typedef struct {
    const char *socket_path; /* chronyd's; ours comes into being beside it */
    uint16_t port;           /* on 127.0.0.1; 0: UDP is not tried */
} VtChronyPlaces;

/* Where chronyd is by default. */
extern const VtChronyPlaces vt_chrony_places;

/* @clock must outlive it. Transfer full. */
VtChronyWatch *vt_chrony_watch_new(const VtChronyPlaces *places, VtClock *clock);
void vt_chrony_watch_free(VtChronyWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtChronyWatch, vt_chrony_watch_free)

/* Each second: asks. */
void vt_chrony_watch_ask(VtChronyWatch *watch);

/* What chronyd said last; false if it said nothing for five seconds. */
bool vt_chrony_watch_get(VtChronyWatch *watch, VtChronyTracking *ret_tracking);
