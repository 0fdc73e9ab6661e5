/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/choice.h"

/* Ticks for which another must have been better. */
#define LEAST_VICTORIES 8

/* Distances within a factor of two are equal: the class decides. */
#define EQUAL_FACTOR 2

/* In a hurry each change begins the burst anew: it must be worth that. */
#define URGENT_FACTOR 8

void
vt_choice_init(VtChoice *choice)
{
    *choice = (VtChoice){ .current = VT_CHOICE_NONE, .challenger = VT_CHOICE_NONE };
}

static size_t
forget_index(size_t current, size_t index)
{
    if (current == VT_CHOICE_NONE || current < index)
        return current;
    return current == index ? VT_CHOICE_NONE : current - 1;
}

void
vt_choice_forget(VtChoice *choice, size_t index)
{
    choice->current = forget_index(choice->current, index);
    choice->challenger = forget_index(choice->challenger, index);
    if (choice->current == VT_CHOICE_NONE || choice->challenger == VT_CHOICE_NONE)
        choice->n_victories = 0;
}

/* What one must be like, now, to be followed at all. */
typedef struct {
    bool must_be_synchronised;
    bool must_be_preferred;
} Terms;

static bool
is_eligible(const VtCandidate *candidate, Terms terms)
{
    return candidate->is_usable &&
           (candidate->is_synchronised || !terms.must_be_synchronised) &&
           (candidate->is_preferred || !terms.must_be_preferred);
}

static bool
has_eligible(const VtCandidate *candidates, size_t n_candidates, Terms terms)
{
    for (size_t i = 0; i < n_candidates; i++) {
        if (is_eligible(&candidates[i], terms))
            return true;
    }
    return false;
}

static Terms
get_terms(const VtCandidate *candidates, size_t n_candidates)
{
    Terms terms = { .must_be_synchronised = true };
    terms.must_be_synchronised = has_eligible(candidates, n_candidates, terms);
    terms.must_be_preferred = true;
    terms.must_be_preferred = has_eligible(candidates, n_candidates, terms);
    return terms;
}

static bool
lacks_required(const VtCandidate *candidates, size_t n_candidates)
{
    bool is_any_required = false;
    for (size_t i = 0; i < n_candidates; i++) {
        if (!candidates[i].is_required)
            continue;
        if (candidates[i].is_usable && candidates[i].is_synchronised)
            return false;
        is_any_required = true;
    }
    return is_any_required;
}

static VtNs
get_least_distance(const VtCandidate *candidates, size_t n_candidates, Terms terms)
{
    VtNs least_ns = VT_NS_MAX;
    for (size_t i = 0; i < n_candidates; i++) {
        if (is_eligible(&candidates[i], terms))
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
    Terms terms = get_terms(candidates, n_candidates);
    VtNs least_ns = get_least_distance(candidates, n_candidates, terms);
    VtNs limit_ns = vt_ns_mul(least_ns, EQUAL_FACTOR);
    size_t best = VT_CHOICE_NONE;

    for (size_t i = 0; i < n_candidates; i++) {
        if (!is_eligible(&candidates[i], terms) || candidates[i].distance_ns > limit_ns)
            continue;
        if (best == VT_CHOICE_NONE || is_better(&candidates[i], &candidates[best]))
            best = i;
    }
    return best;
}

/* Worth a change: of a better class, or much nearer. Else two equals would take turns. */
static bool
is_clearly_better(const VtCandidate *best, const VtCandidate *current, VtNs factor)
{
    return best->source_class < current->source_class ||
           best->distance_ns < current->distance_ns / factor;
}

static bool
must_change(VtChoice *choice, const VtCandidate *candidates, size_t best, bool is_urgent)
{
    if (choice->current == VT_CHOICE_NONE || !candidates[choice->current].is_usable)
        return true;
    const VtCandidate *current = &candidates[choice->current];
    if (candidates[best].is_synchronised && !current->is_synchronised)
        return true;
    if (is_urgent)
        return is_clearly_better(&candidates[best], current, URGENT_FACTOR);
    if (candidates[best].is_preferred && !current->is_preferred)
        return true;
    if (!is_clearly_better(&candidates[best], current, EQUAL_FACTOR)) {
        choice->n_victories = 0;
        return false;
    }
    choice->n_victories = best == choice->challenger ? choice->n_victories + 1 : 1;
    choice->challenger = best;
    return choice->n_victories >= LEAST_VICTORIES;
}

bool
vt_choice_judge(VtChoice *choice,
                const VtCandidate *candidates,
                size_t n_candidates,
                bool is_urgent)
{
    size_t best = lacks_required(candidates, n_candidates)
                      ? VT_CHOICE_NONE
                      : find_best(candidates, n_candidates);
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
