/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A checked reading as an interval: the offset of the local clock and the most by which that
 * figure can be wrong.
 */
#pragma once

#include "core/reading.h"

typedef struct {
    VtMono raw_begun_at;   /* T1 */
    VtMono raw_at;         /* middle of the bracket; the offsets are of this instant */
    VtNs offset_ns;        /* reference - REALTIME */
    VtNs raw_offset_ns;    /* reference - MONOTONIC_RAW: the same, untouched by corrections */
    VtNs delay_ns;         /* (T4 - T1) - (T3 - T2), at least the precision */
    VtNs error_ns;         /* delay / 2 + precision: the true offset is within offset +- this */
    VtNs root_distance_ns; /* of the reference: root delay / 2 + root dispersion */
    bool reference_synchronised;
    uint8_t stratum;
    uint8_t leap;
    unsigned n_to_step; /* as in VtReading */
    bool is_least;
} VtSample;

/* @reading must have passed vt_reading_check. */
VtSample vt_sample_from_reading(const VtReading *reading);
