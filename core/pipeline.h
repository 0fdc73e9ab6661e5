/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs hints and readings through all stages: reading -> sample -> estimate -> verdict ->
 * action. The only file that knows their order. Pure: time is an argument, effects are
 * returned. The law it keeps: a hint never moves the clock, only a measurement does; and only a
 * reading begun after the last hint can clear a suspicion.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/action.h"
#include "core/detector.h"
#include "core/leap.h"
#include "core/outcome.h"
#include "core/pipeline-params.h"
#include "core/reading.h"
#include "core/state.h"

typedef struct VtPipeline VtPipeline;

/*
 * A reading answers a doubt within milliseconds where there is a reference at hand. Until then
 * the error counts as unknown; what was not answered by now leaves the clock unsynchronised and
 * the state HOLDOVER.
 */
#define VT_PIPELINE_DOUBT_NS (250 * VT_NS_PER_MS)

typedef enum {
    VT_HINT_WEAK, /* error unknown, measure at once; the state changes if that takes too long */
    VT_HINT_STRONG, /* unsynchronised from this instant on */
} VtHintStrength;

typedef struct {
    VtHintStrength strength;
    bool allows_backward; /* revert, host clock step, migration, an announced set or sleep */
    bool is_declared;  /* a restore or revert told on a live link: no second witness needed */
    bool reopens_rate; /* another oscillator from here on: migration, vmclock marker */
    bool moves_reference; /* it was set, or with reopens_rate it is another one from here on */
} VtPipelineHint;

typedef struct {
    bool is_synchronised;
    VtNs holdover_after_ns; /* overrides that of the parameters: some are asked seldom */
} VtPipelineReference;

typedef struct {
    VtState state;
    bool has_reference; /* a usable reading within holdover_after_ns */
    bool synchronised;  /* TRACKING or HOLDOVER on a synchronised reference, no doubt overdue */
    bool is_doubtful;   /* a hint or an odd reading is not yet answered by a reading */
    VtNs offset_ns;     /* best estimate of reference - REALTIME now */
    VtNs error_ns;      /* bound of |true time - REALTIME| now; 16 s when unknown */
    VtNs host_error_ns; /* the same against the reference alone, its own error left out */
    double rate_ppb;    /* learnt rate: positive = the raw oscillator runs slow */
    double rate_sigma_ppb;
    VtNs delay_ns;         /* of the last sample used */
    VtNs root_distance_ns; /* of the reference */
    uint8_t stratum;       /* of the reference */
    VtLeap leap;           /* announced for the end of this day of UTC, and to be armed */
    VtMono raw_last_reading_at;
    uint64_t n_readings; /* accepted */
    uint64_t n_rejected; /* failed the check, or begun before the last hint or step */
    uint64_t n_spikes;   /* suspected and not confirmed */
    uint64_t n_disruptions;
    uint64_t n_rate_jumps;    /* that nobody announced */
    uint64_t n_foreign_rates; /* set by somebody else */
    uint64_t n_findings;      /* whatever was more than noise */
    VtFinding finding;        /* the last of them */
} VtPipelineStatus;

/* Transfer full. */
VtPipeline *vt_pipeline_new(const VtPipelineParams *params);
void vt_pipeline_free(VtPipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtPipeline, vt_pipeline_free)

/* Who would end a trim that the caller leaves behind is gone: see VtPipelineParams. */
void vt_pipeline_set_most_trim(VtPipeline *pipeline, double most_trim_ppb);

/* Whether corrections may be made at all (mode observe, no permission). Default: yes. */
void vt_pipeline_set_may_correct(VtPipeline *pipeline, bool may_correct);

/*
 * Somebody else steers this clock, and claims that it is right to @claimed_error_ns (0: claims
 * nothing). From now on only steps are asked for, and only for what a disruption took away.
 */
void vt_pipeline_yield(VtPipeline *pipeline, VtNs claimed_error_ns, VtInstant now);

/* Nobody else steers it any more. */
void vt_pipeline_take_over(VtPipeline *pipeline, VtInstant now);

/* Something may have happened. Never moves the clock; asks for a reading. */
VtAction vt_pipeline_on_hint(VtPipeline *pipeline, const VtPipelineHint *hint, VtInstant now);

/*
 * From now on readings are of another clock, over another path. What was learnt of the rate
 * stays, and so does the state: that two references differ says nothing of what befell the
 * guest. A difference below 100 ms is slewed away; a larger one is judged as a step. The first
 * synchronised reference after an unsynchronised one is followed wherever it leads.
 */
VtAction vt_pipeline_on_reference_change(VtPipeline *pipeline,
                                         const VtPipelineReference *reference,
                                         VtInstant now);

/* A reading came in. The caller carries the returned action out before the next call. */
VtAction vt_pipeline_on_reading(VtPipeline *pipeline, const VtReading *reading, VtInstant now);

/*
 * A tick passed without a reading, or wake_after_ns of the last action, or VT_PIPELINE_DOUBT_NS
 * since a doubt: ages the state
 * (TRACKING -> HOLDOVER), and, if there is no doubt, goes on slewing where the last estimate
 * leads.
 */
VtAction vt_pipeline_on_silence(VtPipeline *pipeline, VtInstant now);

/*
 * The caller goes away: what is left of an offset is not trimmed off by the rate any more. In
 * doubt the kernel's rate is left as it is.
 */
VtAction vt_pipeline_leave(VtPipeline *pipeline, VtInstant now);

/*
 * The kernel's rate is not the one that was set last: somebody else has changed it. Returns what
 * puts it back, if that may be corrected. What it has made of the phase shows as an offset.
 */
VtAction vt_pipeline_on_foreign_rate(VtPipeline *pipeline);

/* The kernel refused the last step or slew: forget that it was under way. */
void vt_pipeline_on_failed_action(VtPipeline *pipeline);

VtPipelineStatus vt_pipeline_get_status(const VtPipeline *pipeline, VtInstant now);

/* Of the disruption closed last; zeroed if there was none. */
VtOutcome vt_pipeline_get_outcome(const VtPipeline *pipeline);
