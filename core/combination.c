/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/combination.h"

#include <math.h>

/* RFC 5905, NMIN: fewer are not thinned out any more. */
#define LEAST_SURVIVORS 3

/* Whoever is further from true time than the followed one by this adds noise alone. */
#define MOST_DISTANCE_FACTOR 3

/* How fast a shift goes after the mean: well below what a reading can tell from a rate. */
#define SHIFT_SEC       1024.0
#define MOST_SHIFT_PART (1.0 / 8)
#define MOST_SHIFT_RATE 1e-6

static size_t
count_left(const VtContender *contenders, size_t n_contenders)
{
    size_t n_left = 0;
    for (size_t i = 0; i < n_contenders; i++)
        n_left += contenders[i].counts;
    return n_left;
}

/* How far the others lie from that one, as a root mean square. */
static double
get_selection_jitter(const VtContender *contenders, size_t n_contenders, size_t index)
{
    double sum = 0;
    size_t n_others = 0;
    for (size_t i = 0; i < n_contenders; i++) {
        if (!contenders[i].counts || i == index)
            continue;
        double apart_ns =
            (double)vt_ns_sub(contenders[i].raw_offset_ns, contenders[index].raw_offset_ns);
        sum += apart_ns * apart_ns;
        n_others++;
    }
    return n_others > 0 ? sqrt(sum / (double)n_others) : 0;
}

/* The one most apart; false if its own scatter, or that of any, explains as much. */
static bool
find_outlier(const VtContender *contenders, size_t n_contenders, size_t *ret_outlier)
{
    double most_apart = -1;
    double least_jitter = INFINITY;
    for (size_t i = 0; i < n_contenders; i++) {
        if (!contenders[i].counts)
            continue;
        double apart = get_selection_jitter(contenders, n_contenders, i);
        least_jitter = fmin(least_jitter, (double)contenders[i].jitter_ns);
        if (apart <= most_apart)
            continue;
        most_apart = apart;
        *ret_outlier = i;
    }
    return most_apart > least_jitter;
}

static void
thin_out(VtContender *contenders, size_t n_contenders, size_t followed)
{
    size_t outlier = followed;
    while (count_left(contenders, n_contenders) > LEAST_SURVIVORS &&
           find_outlier(contenders, n_contenders, &outlier) && outlier != followed)
        contenders[outlier].counts = false;
}

static double
get_weight(const VtContender *contender)
{
    return 1 / fmax((double)contender->distance_ns, 1);
}

VtNs
vt_combination_make(VtContender *contenders, size_t n_contenders, size_t followed)
{
    VtNs limit_ns = vt_ns_mul(contenders[followed].distance_ns, MOST_DISTANCE_FACTOR);
    bool is_usable = contenders[followed].is_eligible;
    for (size_t i = 0; i < n_contenders; i++)
        contenders[i].counts = is_usable && contenders[i].is_eligible;
    contenders[followed].counts = true;
    if (!is_usable)
        return 0;

    thin_out(contenders, n_contenders, followed);
    double weights = 0, sum_ns = 0;
    for (size_t i = 0; i < n_contenders; i++) {
        VtContender *contender = &contenders[i];
        contender->counts = contender->counts && contender->distance_ns <= limit_ns;
        if (!contender->counts)
            continue;
        double apart_ns =
            (double)vt_ns_sub(contender->raw_offset_ns, contenders[followed].raw_offset_ns);
        weights += get_weight(contender);
        sum_ns += get_weight(contender) * apart_ns;
    }
    return vt_ns_from_double(sum_ns / weights);
}

void
vt_shift_follow(VtShift *shift, VtNs mean_ns, VtMono raw_now)
{
    double missing_ns = (double)vt_ns_sub(mean_ns, shift->applied_ns);
    double span_ns = (double)vt_ns_max(vt_mono_diff(raw_now, shift->raw_at), 0);
    double part = fmin(span_ns / (double)VT_NS_PER_SEC / SHIFT_SEC, MOST_SHIFT_PART);
    double most_ns = span_ns * MOST_SHIFT_RATE;
    double moved_ns = fmax(fmin(missing_ns * part, most_ns), -most_ns);
    shift->applied_ns = vt_ns_add(shift->applied_ns, vt_ns_from_double(moved_ns));
    shift->raw_at = raw_now;
}

void
vt_shift_set(VtShift *shift, VtNs mean_ns, VtMono raw_now)
{
    *shift = (VtShift){ .applied_ns = mean_ns, .raw_at = raw_now };
}
