/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/detector.h"

#define PREDICTION_SIGMAS 3.0

void
vt_detector_init(VtDetector *detector, VtNs step_threshold_ns)
{
    *detector = (VtDetector){ .step_threshold_ns = step_threshold_ns };
}

void
vt_detector_reset(VtDetector *detector)
{
    vt_detector_init(detector, detector->step_threshold_ns);
}

static bool
have_same_sign(VtNs a, VtNs b)
{
    return (a > 0 && b > 0) || (a < 0 && b < 0);
}

static VtMono
get_end(const VtSample *sample)
{
    return vt_mono_add(sample->raw_at, vt_mono_diff(sample->raw_at, sample->raw_begun_at));
}

static VtVerdict
raise_suspicion(VtDetector *detector, const VtSample *sample, VtNs distance_ns)
{
    detector->is_suspicious = true;
    detector->raw_suspected_at = get_end(sample);
    detector->suspected_ns = distance_ns;
    return (VtVerdict){ .kind = VT_VERDICT_SUSPECT, .distance_ns = distance_ns };
}

/*
 * The second reading; what it cannot decide (too wide, too early) leaves the suspicion open. A
 * prediction that is wide itself does not: it grows while nothing is taken in, and what fits it
 * now is all there is to know.
 */
static VtVerdict
judge_suspicion(VtDetector *detector,
                const VtSample *sample,
                const VtDoubt *doubt,
                VtNs distance_ns)
{
    VtVerdict undecided = { .kind = VT_VERDICT_SUSPECT, .distance_ns = distance_ns };
    if (vt_mono_diff(sample->raw_begun_at, detector->raw_suspected_at) < 0)
        return undecided;

    if (vt_ns_abs(distance_ns) >= detector->step_threshold_ns) {
        if (!have_same_sign(distance_ns, detector->suspected_ns))
            return raise_suspicion(detector, sample, distance_ns);
        VtVerdict step = {
            .kind = VT_VERDICT_STEP,
            .distance_ns = distance_ns,
            .raw_seen_at = detector->raw_suspected_at,
        };
        vt_detector_reset(detector);
        return step;
    }
    if (doubt->half_width_ns >= vt_ns_abs(detector->suspected_ns))
        return undecided;
    vt_detector_reset(detector);
    return (VtVerdict){ .kind = VT_VERDICT_SPIKE, .distance_ns = distance_ns };
}

VtVerdict
vt_detector_judge(VtDetector *detector,
                  const VtSample *sample,
                  const VtDoubt *doubt,
                  const VtEstimate *prediction)
{
    VtNs residual_ns = vt_ns_sub(sample->raw_offset_ns, prediction->raw_offset_ns);
    VtNs width_ns =
        vt_ns_add(doubt->half_width_ns,
                  vt_ns_from_double(PREDICTION_SIGMAS * prediction->offset_sigma_ns));
    VtNs beyond_ns = vt_ns_max(vt_ns_sub(vt_ns_abs(residual_ns), width_ns), 0);
    VtNs distance_ns = residual_ns < 0 ? -beyond_ns : beyond_ns;

    if (detector->is_suspicious)
        return judge_suspicion(detector, sample, doubt, distance_ns);
    if (beyond_ns >= detector->step_threshold_ns)
        return raise_suspicion(detector, sample, distance_ns);

    bool again = have_same_sign(distance_ns, detector->last_distance_ns);
    detector->last_distance_ns = distance_ns;
    VtVerdictKind kind = beyond_ns == 0 ? VT_VERDICT_FITS
                         : again        ? VT_VERDICT_DRIFTED
                                        : VT_VERDICT_OUTSIDE;
    return (VtVerdict){ .kind = kind, .distance_ns = distance_ns };
}

VtFinding
vt_detector_name(const VtEvidence *evidence)
{
    if (evidence->is_written)
        return VT_FINDING_FOREIGN_WRITER;
    if (evidence->is_contradicted || (evidence->is_step && evidence->is_reference_moved))
        return VT_FINDING_REFERENCE_FAULT;
    if (evidence->is_step)
        return VT_FINDING_PHASE_STEP;
    if (evidence->is_rate_jump)
        return VT_FINDING_RATE_JUMP;
    return evidence->is_odd ? VT_FINDING_SPIKE : VT_FINDING_NOISE;
}

const char *
vt_finding_name(VtFinding finding)
{
    static const char *const names[VT_N_FINDINGS] = {
        [VT_FINDING_NOISE] = "noise",
        [VT_FINDING_SPIKE] = "spike",
        [VT_FINDING_PHASE_STEP] = "phase step",
        [VT_FINDING_RATE_JUMP] = "rate jump",
        [VT_FINDING_FOREIGN_WRITER] = "foreign writer",
        [VT_FINDING_REFERENCE_FAULT] = "reference fault",
    };
    return (unsigned)finding < VT_N_FINDINGS ? names[finding] : names[VT_FINDING_NOISE];
}
