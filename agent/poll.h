/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When one reference may be asked. The link costs nobody anything and is asked whenever
 * somebody wants to know; a server of the host's own once a tick, and 20 times a second at
 * most; a server on a network each 64 s, with bursts of exchanges 2 s apart at the start and
 * after a disruption. A server that asks for less gets less. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef enum {
    VT_POLL_INVALID,
    VT_POLL_FREE,    /* the link */
    VT_POLL_LOCAL,   /* NTP, on this host or beside it */
    VT_POLL_NETWORK, /* NTP, of others */
} VtPollKind;

typedef struct {
    VtPollKind kind;
    VtNs interval_ns; /* at rest */
    bool was_asked;
    VtMono raw_asked_at;
    unsigned n_burst_left;
    bool had_burst;
    VtMono raw_burst_at; /* when the last one was granted */
    bool is_refused;     /* the server does not want us */
} VtPoll;

/* Begins with a burst. */
void vt_poll_init(VtPoll *poll, VtPollKind kind);

/*
 * How long from @raw_now it is to be left alone; 0: it may be asked now. @is_wanted: not for the
 * sake of the tick, but because the clock is in doubt.
 */
VtNs vt_poll_get_wait(const VtPoll *poll, bool is_wanted, VtMono raw_now);

/* A disruption: the next readings may come faster, on a network once in 64 s. */
void vt_poll_begin_burst(VtPoll *poll, VtMono raw_now);

void vt_poll_note_asked(VtPoll *poll, VtMono raw_now);

/*
 * The server asks for fewer requests (kiss RATE), or for none at all (DENY, RSTR): it is then
 * asked once an hour whether it has changed its mind.
 */
void vt_poll_slow_down(VtPoll *poll);
void vt_poll_refuse(VtPoll *poll);

/* Without a reading for so long a reference of this kind is lost: five intervals. */
VtNs vt_poll_get_holdover(const VtPoll *poll);

/* What lies between two requests at rest, as the power of two of seconds that is nearest. */
int vt_poll_get_log2_sec(const VtPoll *poll);
