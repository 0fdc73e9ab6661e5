/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/choice.h"

/* Ticks for which another must have been better. */
#define LEAST_VICTORIES 8

/* Distances within a factor of two are equal: the class decides. */
#define EQUAL_FACTOR 2

void
vt_choice_init(VtChoice *choice)
{
    *choice = (VtChoice){ .current = VT_CHOICE_NONE, .challenger = VT_CHOICE_NONE };
}

static bool
has_synchronised(const VtCandidate *candidates, size_t n_candidates)
{
    for (size_t i = 0; i < n_candidates; i++) {
        if (candidates[i].is_usable && candidates[i].is_synchronised)
            return true;
    }
    return false;
}

static bool
is_eligible(const VtCandidate *candidate, bool must_be_synchronised)
{
    return candidate->is_usable && (candidate->is_synchronised || !must_be_synchronised);
}

static VtNs
get_least_distance(const VtCandidate *candidates,
                   size_t n_candidates,
                   bool must_be_synchronised)
{
    VtNs least_ns = VT_NS_MAX;
    for (size_t i = 0; i < n_candidates; i++) {
        if (is_eligible(&candidates[i], must_be_synchronised))
            least_ns = vt_ns_min(least_ns, candidates[i].distance_ns);
    }
    return least_ns;
}

static bool
is_better(const VtCandidate *one, const VtCandidate *other)
{
    if (one->source_class != other->source_class)
        return one->source_class < other->source_class;
    return one->distance_ns < other->distance_ns;
}

static size_t
find_best(const VtCandidate *candidates, size_t n_candidates)
{
    bool must_be_synchronised = has_synchronised(candidates, n_candidates);
    VtNs least_ns = get_least_distance(candidates, n_candidates, must_be_synchronised);
    VtNs limit_ns = vt_ns_mul(least_ns, EQUAL_FACTOR);
    size_t best = VT_CHOICE_NONE;

    for (size_t i = 0; i < n_candidates; i++) {
        if (!is_eligible(&candidates[i], must_be_synchronised) ||
            candidates[i].distance_ns > limit_ns)
            continue;
        if (best == VT_CHOICE_NONE || is_better(&candidates[i], &candidates[best]))
            best = i;
    }
    return best;
}

/* Worth a change: of a better class, or much nearer. Else two equals would take turns. */
static bool
is_clearly_better(const VtCandidate *best, const VtCandidate *current)
{
    return best->source_class < current->source_class ||
           best->distance_ns < current->distance_ns / EQUAL_FACTOR;
}

static bool
must_change(VtChoice *choice, const VtCandidate *candidates, size_t best, bool is_urgent)
{
    if (choice->current == VT_CHOICE_NONE || !candidates[choice->current].is_usable)
        return true;
    const VtCandidate *current = &candidates[choice->current];
    if (candidates[best].is_synchronised && !current->is_synchronised)
        return true;
    if (!is_clearly_better(&candidates[best], current)) {
        choice->n_victories = 0;
        return false;
    }
    choice->n_victories = best == choice->challenger ? choice->n_victories + 1 : 1;
    choice->challenger = best;
    return is_urgent || choice->n_victories >= LEAST_VICTORIES;
}

bool
vt_choice_judge(VtChoice *choice,
                const VtCandidate *candidates,
                size_t n_candidates,
                bool is_urgent)
{
    size_t best = find_best(candidates, n_candidates);
    /* With nobody else in sight the last one may come back; its estimate is held over. */
    if (best == VT_CHOICE_NONE || best == choice->current) {
        choice->n_victories = 0;
        return false;
    }
    if (!must_change(choice, candidates, best, is_urgent))
        return false;
    *choice = (VtChoice){ .current = best, .challenger = VT_CHOICE_NONE };
    return true;
}
