/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/detector.h"

#define BRACKET_NS (200 * VT_NS_PER_US)

static const VtEstimate prediction = { .is_known = true, .offset_sigma_ns = 1000 };
static const VtDoubt fine_doubt = { .half_width_ns = 10000, .sigma_ns = 3000 };

static VtSample
make_sample(VtNs begun_ns, VtNs raw_offset_ns)
{
    return (VtSample){
        .raw_begun_at = { .ns = begun_ns },
        .raw_at = { .ns = begun_ns + BRACKET_NS / 2 },
        .raw_offset_ns = raw_offset_ns,
    };
}

static VtVerdictKind
judge(VtDetector *detector, VtNs begun_ns, VtNs raw_offset_ns)
{
    VtSample sample = make_sample(begun_ns, raw_offset_ns);
    return vt_detector_judge(detector, &sample, &fine_doubt, &prediction).kind;
}

static void
test_noise_fits(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);

    g_assert_cmpint(judge(&detector, VT_NS_PER_SEC, 12000), ==, VT_VERDICT_FITS);
    g_assert_cmpint(judge(&detector, 2 * VT_NS_PER_SEC, -12000), ==, VT_VERDICT_FITS);
}

static void
test_step_takes_two_readings(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);

    g_assert_cmpint(judge(&detector, VT_NS_PER_SEC, 5 * VT_NS_PER_MS), ==, VT_VERDICT_SUSPECT);
    VtSample second = make_sample(VT_NS_PER_SEC + 2 * BRACKET_NS, 5 * VT_NS_PER_MS);
    VtVerdict verdict = vt_detector_judge(&detector, &second, &fine_doubt, &prediction);

    g_assert_cmpint(verdict.kind, ==, VT_VERDICT_STEP);
    g_assert_cmpint(verdict.raw_seen_at.ns, ==, VT_NS_PER_SEC + BRACKET_NS);
}

static void
test_reading_begun_before_decides_nothing(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);
    judge(&detector, VT_NS_PER_SEC, 5 * VT_NS_PER_MS);

    VtNs begun_ns = VT_NS_PER_SEC + BRACKET_NS / 2;

    g_assert_cmpint(judge(&detector, begun_ns, 0), ==, VT_VERDICT_SUSPECT);
    g_assert_cmpint(judge(&detector, begun_ns, 5 * VT_NS_PER_MS), ==, VT_VERDICT_SUSPECT);
}

static void
test_spike_is_refuted(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);
    judge(&detector, VT_NS_PER_SEC, 5 * VT_NS_PER_MS);

    g_assert_cmpint(judge(&detector, 2 * VT_NS_PER_SEC, 0), ==, VT_VERDICT_SPIKE);
    g_assert_cmpint(judge(&detector, 3 * VT_NS_PER_SEC, 0), ==, VT_VERDICT_FITS);
}

static void
test_wide_reading_decides_nothing(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);
    judge(&detector, VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    VtSample slow = make_sample(2 * VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    VtDoubt wide = { .half_width_ns = 50 * VT_NS_PER_MS, .sigma_ns = 3e7 };

    VtVerdict verdict = vt_detector_judge(&detector, &slow, &wide, &prediction);

    g_assert_cmpint(verdict.kind, ==, VT_VERDICT_SUSPECT);
    g_assert_cmpint(judge(&detector, 3 * VT_NS_PER_SEC, 5 * VT_NS_PER_MS), ==, VT_VERDICT_STEP);
}

/* A rate of which nothing is known: the longer no reading is taken in, the wider it gets. */
static void
test_suspicion_of_wide_prediction_ends(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);
    judge(&detector, VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    VtSample second = make_sample(100 * VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    VtEstimate wide = { .is_known = true, .offset_sigma_ns = 1e7 };

    VtVerdict verdict = vt_detector_judge(&detector, &second, &fine_doubt, &wide);

    g_assert_cmpint(verdict.kind, ==, VT_VERDICT_SPIKE);
}

static void
test_slow_reading_raises_nothing(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);
    VtSample slow = make_sample(VT_NS_PER_SEC, 5 * VT_NS_PER_MS / 2);
    VtDoubt doubt = { .half_width_ns = 5 * VT_NS_PER_MS / 2, .sigma_ns = 1.4e6 };

    VtVerdict verdict = vt_detector_judge(&detector, &slow, &doubt, &prediction);

    g_assert_cmpint(verdict.kind, ==, VT_VERDICT_FITS);
}

static void
test_twice_outside_is_drift(void)
{
    VtDetector detector;
    vt_detector_init(&detector, VT_NS_PER_MS);

    g_assert_cmpint(judge(&detector, VT_NS_PER_SEC, 200000), ==, VT_VERDICT_OUTSIDE);
    g_assert_cmpint(judge(&detector, 2 * VT_NS_PER_SEC, 400000), ==, VT_VERDICT_DRIFTED);
    g_assert_cmpint(judge(&detector, 3 * VT_NS_PER_SEC, -400000), ==, VT_VERDICT_OUTSIDE);
}

typedef struct {
    VtEvidence evidence;
    VtFinding expected;
} NameCase;

static void
test_names(void)
{
    static const NameCase cases[] = {
        { { 0 }, VT_FINDING_NOISE },
        { { .is_odd = true }, VT_FINDING_SPIKE },
        { { .is_odd = true, .is_step = true }, VT_FINDING_PHASE_STEP },
        { { .is_odd = true, .is_rate_jump = true }, VT_FINDING_RATE_JUMP },
        { { .is_written = true }, VT_FINDING_FOREIGN_WRITER },
        { { .is_step = true, .is_written = true }, VT_FINDING_FOREIGN_WRITER },
        { { .is_step = true, .is_reference_moved = true }, VT_FINDING_REFERENCE_FAULT },
        { { .is_reference_moved = true }, VT_FINDING_NOISE },
        { { .is_odd = true, .is_contradicted = true }, VT_FINDING_REFERENCE_FAULT },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(vt_finding_name(vt_detector_name(&cases[i].evidence)), ==,
                        vt_finding_name(cases[i].expected));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/detector/noise-fits", test_noise_fits);
    g_test_add_func("/core/detector/step-takes-two-readings", test_step_takes_two_readings);
    g_test_add_func("/core/detector/reading-begun-before-decides-nothing",
                    test_reading_begun_before_decides_nothing);
    g_test_add_func("/core/detector/spike-is-refuted", test_spike_is_refuted);
    g_test_add_func("/core/detector/wide-reading-decides-nothing",
                    test_wide_reading_decides_nothing);
    g_test_add_func("/core/detector/suspicion-of-wide-prediction-ends",
                    test_suspicion_of_wide_prediction_ends);
    g_test_add_func("/core/detector/slow-reading-raises-nothing",
                    test_slow_reading_raises_nothing);
    g_test_add_func("/core/detector/twice-outside-is-drift", test_twice_outside_is_drift);
    g_test_add_func("/core/detector/names-by-evidence", test_names);
    return g_test_run();
}
