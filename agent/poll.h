/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When one reference may be asked. The link costs nobody anything and is asked whenever
 * somebody wants to know; a server of the host's own once a tick, and in a hurry five times at
 * once and 20 times a second; a server on a network as seldom as its readings allow, 64 s apart
 * at least, with a burst of four exchanges 2 s apart at the start and after a disruption, and
 * up to four more while the clock still waits to be proved right. A server that asks for less
 * gets less. Pure.
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
    VtNs interval_ns; /* at rest, now */
    VtNs least_ns;    /* the range that it stays within */
    VtNs greatest_ns;
    VtNs spread_ns; /* what this interval is longer by, so that clients do not come together */
    int score;      /* towards a longer interval, or a shorter one */
    bool was_asked;
    bool is_unanswered; /* what was asked last */
    VtMono raw_asked_at;
    VtMono
        raw_owed_until; /* local: each request in a hurry puts it off, and uses up the five */
    bool has_burst;     /* may be asked in one */
    unsigned n_burst_left;
    unsigned n_proof_left; /* of the burst, while the clock is in doubt */
    bool was_burst;
    VtMono raw_burst_at; /* when the last one was granted */
    bool is_slowed;      /* the server has asked for fewer requests */
    bool is_refused;     /* the server does not want us */
} VtPoll;

/* Begins with a burst; network: 64 s to 1024 s. */
void vt_poll_init(VtPoll *poll, VtPollKind kind);

/* For a network: the range of the interval, as powers of two of seconds. */
void vt_poll_set_range(VtPoll *poll, int least_log2_sec, int greatest_log2_sec);

/* Before it is asked: there are no bursts, not even at the start. */
void vt_poll_forbid_bursts(VtPoll *poll);

/*
 * How long from @raw_now it is to be left alone; 0: it may be asked now. @is_wanted: not for the
 * sake of the tick, but because the clock is in doubt.
 */
VtNs vt_poll_get_wait(const VtPoll *poll, bool is_wanted, VtMono raw_now);

/* A disruption: the next readings may come faster, on a network once in 64 s. */
void vt_poll_begin_burst(VtPoll *poll, VtMono raw_now);

/* @spread_ns: what the next interval is to be longer by, drawn by lot: a part of this one. */
void vt_poll_note_asked(VtPoll *poll, VtMono raw_now, VtNs spread_ns);

/*
 * Or what was asked has failed. Until then a local server is asked again after 50 ms at the
 * soonest.
 */
void vt_poll_note_answered(VtPoll *poll);

/*
 * What the readings are like at this interval: @n_samples of the last ones lie on one straight
 * line, and the newest does, too, unless @is_surprise. Many on a line: more seldom will do. Few:
 * the oscillator wanders, and more are needed.
 */
void vt_poll_adapt(VtPoll *poll, unsigned n_samples, bool is_surprise);

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
