/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names what a sample says about the clock. Suspicion is the exclusion of the prediction by
 * the sample's interval, not a multiple of sigma: network noise has long tails, but half of
 * the excess delay is a bound. A suspicion is confirmed or refuted by a second reading begun
 * after the first had ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/filter.h"

typedef enum {
    VT_VERDICT_FITS,    /* as predicted */
    VT_VERDICT_OUTSIDE, /* excluded by less than a step, for the first time */
    VT_VERDICT_DRIFTED, /* again on the same side: the oscillator or the phase has changed */
    VT_VERDICT_SUSPECT, /* excluded by a step or more: not to be used, measure again */
    VT_VERDICT_SPIKE,   /* fits, and so refutes the suspicion before it */
    VT_VERDICT_STEP,    /* confirms the suspicion: the phase has jumped */
} VtVerdictKind;

typedef struct {
    VtVerdictKind kind;
    VtNs distance_ns;   /* from the edge of what was predicted, signed; 0 inside */
    VtMono raw_seen_at; /* STEP: end of the reading that raised the suspicion */
} VtVerdict;

typedef struct {
    VtNs step_threshold_ns;
    bool is_suspicious;
    VtMono raw_suspected_at; /* end of the suspicious reading */
    VtNs suspected_ns;       /* its distance */
    VtNs last_distance_ns;   /* of the sample before, 0 if it fitted */
} VtDetector;

void vt_detector_init(VtDetector *detector, VtNs step_threshold_ns);

/* Forgets an open suspicion: something else has explained it. */
void vt_detector_reset(VtDetector *detector);

/* @prediction must be of @sample's instant and known. */
VtVerdict vt_detector_judge(VtDetector *detector,
                            const VtSample *sample,
                            const VtDoubt *doubt,
                            const VtEstimate *prediction);

/* What something that was seen turned out to be. */
typedef enum {
    VT_FINDING_NOISE, /* nothing at all */
    VT_FINDING_SPIKE, /* one odd reading */
    VT_FINDING_PHASE_STEP,
    VT_FINDING_RATE_JUMP,
    VT_FINDING_FOREIGN_WRITER,  /* somebody else set the clock, its tick or its frequency */
    VT_FINDING_REFERENCE_FAULT, /* the reference jumped, not this clock */
    VT_N_FINDINGS,
} VtFinding;

/* What there is to tell by. The kernel's own clocks and a second reference know better than one. */
typedef struct {
    bool is_odd;             /* a reading did not fit */
    bool is_step;            /* and a second one confirmed it */
    bool is_rate_jump;       /* those since fit another rate */
    bool is_written;         /* REALTIME or its rate was moved from inside */
    bool is_reference_moved; /* it was announced that the reference was set */
    bool is_contradicted;    /* another reference goes on as predicted */
} VtEvidence;

VtFinding vt_detector_name(const VtEvidence *evidence);

/* "phase step"; "noise" for none. Transfer none. */
const char *vt_finding_name(VtFinding finding);
