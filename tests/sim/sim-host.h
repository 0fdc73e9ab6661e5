/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reference in simulated time, asked over a network with a base delay and exponential jitter
 * in each direction. Can be lossy, asymmetric, unsynchronised, off true time, behind a queue that
 * builds up, and can be told that the guest is paused in the middle of the next exchange.
 */
#pragma once

#include "core/reading.h"
#include "tests/sim/sim-oscillator.h"

typedef struct {
    GRand *random;
    VtNs offset_ns; /* of the reference's clock: reference - true time */
    VtNs base_delay_ns;
    double jitter_ns;       /* mean of the exponential part, each way */
    VtNs forward_extra_ns;  /* steady asymmetry */
    double reply_jitter_ns; /* more jitter on the way back alone, */
    VtNs cold_ns; /* and so much more where nothing came for 300 ms: a guest wakes up */
    int64_t warm_until_ns;    /* true time */
    double late_packets;      /* of 1: so many are late by 5 ms on the way back */
    int64_t queue_from_ns;    /* true time: from then on a queue builds up on the way there, */
    int64_t queue_until_ns;   /* until then, when it has gone at once; 0: none does */
    VtNs queue_most_ns;       /* and so long it gets */
    int64_t starved_until_ns; /* true time: until then the guest gets its processor late, */
    double starved_ns;        /* every second time, and by so much in the mean */
    VtNs reply_spike_ns;      /* on the way back of the next exchange only */
    VtNs pause_before_ns;     /* the guest stands still on the way there of the next exchange */
    VtNs pause_after_ns;      /* the same on the way back */
    unsigned n_answers_left;  /* after the last of these it is silent; 0: it never is */
    double loss;              /* probability that an exchange is lost */
    VtNs timeout_ns;          /* that the guest waits for a lost one */
    bool synchronised;
    uint8_t leap;       /* that it announces */
    unsigned n_to_step; /* of its readings, for a step */
} SimHost;

/* 60 us + exponential(20 us) each way, synchronised, right. */
void sim_host_init(SimHost *host);

/* What the guest waits for a processor now. */
VtNs sim_host_draw_wait(const SimHost *host, int64_t true_ns);

/* One exchange; runs @oscillator through it. False if it was lost. */
bool sim_host_exchange(SimHost *host, SimOscillator *oscillator, VtReading *ret_reading);
