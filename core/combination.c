/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/combination.h"

#include <math.h>

/* RFC 5905, NMIN: fewer are not thinned out any more. */
#define LEAST_SURVIVORS 3

/* Whoever is further from true time than the followed one by this adds noise alone. */
#define MOST_DISTANCE_FACTOR 3

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
