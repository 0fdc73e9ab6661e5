/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the rig tells QEMU's oscillator: a file that both have mapped. The rig writes the rate that
 * is not current and makes it current with one store, so that a reader sees the one or the other.
 */
#pragma once

#include <stdint.h>

/* Instants are the host's CLOCK_MONOTONIC. The clock shows shown_ns at since_ns, ran at before_ppb
 * up to there and runs at after_ppb from there on. */
typedef struct {
    int64_t since_ns;
    int64_t shown_ns;
    int64_t before_ppb;
    int64_t after_ppb;
} OscillatorRate;

typedef struct {
    OscillatorRate rates[2];
    uint32_t current;
    uint32_t reserved;
} OscillatorPage;

_Static_assert(sizeof(OscillatorPage) == 72, "tests/vm/oscillator.py packs the same");
