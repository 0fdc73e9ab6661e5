/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/agreement.h"

#include <glib.h>

/* A word is believed of nobody at once: a pause between two readings looks like a lie. */
#define JUDGEMENTS 3

/* TAI - UTC has been 37 s since 2017; a leap second more or less is no news. */
#define LEAST_TAI_NS (36 * VT_NS_PER_SEC)
#define MOST_TAI_NS  (39 * VT_NS_PER_SEC)
#define QUARTER_NS   (900 * VT_NS_PER_SEC)
#define MOST_ZONE_NS (14 * 3600 * VT_NS_PER_SEC)
#define TOLERANCE_NS (2 * VT_NS_PER_SEC)

typedef struct {
    VtNs least_ns;
    VtNs greatest_ns;
} Interval;

static Interval
get_interval(const VtOpinion *opinion, VtMono raw_now)
{
    VtNs age_ns = vt_mono_diff(raw_now, opinion->raw_at);
    VtNs error_ns = vt_source_record_age_error(opinion->error_ns, age_ns);
    return (Interval){
        .least_ns = vt_ns_sub(opinion->raw_offset_ns, error_ns),
        .greatest_ns = vt_ns_add(opinion->raw_offset_ns, error_ns),
    };
}

/* Those that make the majority: where some are trusted they alone. */
static bool
has_trusted(const VtOpinion *opinions, size_t n_opinions)
{
    for (size_t i = 0; i < n_opinions; i++) {
        if (opinions[i].counts && opinions[i].is_trusted)
            return true;
    }
    return false;
}

static void
hear_trusted_alone(VtOpinion *opinions, size_t n_opinions)
{
    if (!has_trusted(opinions, n_opinions))
        return;
    for (size_t i = 0; i < n_opinions; i++)
        opinions[i].counts = opinions[i].counts && opinions[i].is_trusted;
}

static bool
contains(const VtOpinion *opinion, VtMono raw_now, VtNs point_ns)
{
    Interval interval = get_interval(opinion, raw_now);
    return opinion->counts && interval.least_ns <= point_ns && point_ns <= interval.greatest_ns;
}

static size_t
count_counting(const VtOpinion *opinions, size_t n_opinions)
{
    size_t n_counting = 0;
    for (size_t i = 0; i < n_opinions; i++)
        n_counting += opinions[i].counts;
    return n_counting;
}

static size_t
count_containing(const VtOpinion *opinions, size_t n_opinions, VtMono raw_now, VtNs point_ns)
{
    size_t n_containing = 0;
    for (size_t i = 0; i < n_opinions; i++)
        n_containing += contains(&opinions[i], raw_now, point_ns);
    return n_containing;
}

/*
 * What those have in common who agree with the most others: a point that most contain is at the
 * beginning of one of them. False unless they are more than half.
 */
static bool
find_agreed(const VtOpinion *opinions, size_t n_opinions, VtMono raw_now, Interval *ret_agreed)
{
    VtNs point_ns = 0;
    size_t n_most = 0;
    for (size_t i = 0; i < n_opinions; i++) {
        VtNs least_ns = get_interval(&opinions[i], raw_now).least_ns;
        size_t n_containing = count_containing(opinions, n_opinions, raw_now, least_ns);
        if (!opinions[i].counts || n_containing <= n_most)
            continue;
        n_most = n_containing;
        point_ns = least_ns;
    }
    if (n_most * 2 <= count_counting(opinions, n_opinions))
        return false;

    Interval agreed = { .least_ns = point_ns, .greatest_ns = VT_NS_MAX };
    for (size_t i = 0; i < n_opinions; i++) {
        Interval interval = get_interval(&opinions[i], raw_now);
        if (contains(&opinions[i], raw_now, point_ns))
            agreed.greatest_ns = vt_ns_min(agreed.greatest_ns, interval.greatest_ns);
    }
    *ret_agreed = agreed;
    return true;
}

static const VtOpinion *
find_link(const VtOpinion *opinions, size_t n_opinions)
{
    for (size_t i = 0; i < n_opinions; i++) {
        if (opinions[i].counts && opinions[i].source_class == VT_SOURCE_LINK)
            return &opinions[i];
    }
    return NULL;
}

static bool
are_apart(Interval a, Interval b)
{
    return a.greatest_ns < b.least_ns || b.greatest_ns < a.least_ns;
}

bool
vt_standing_is_vetted(const VtStanding *standing)
{
    return standing->n_good >= JUDGEMENTS;
}

/* One more judgement; true when there were enough of a kind to mean something. */
static bool
note_judgement(VtStanding *standing, bool is_false, VtMono raw_now)
{
    standing->n_good = is_false ? 0 : MIN(standing->n_good + 1, JUDGEMENTS);
    if (is_false == standing->is_false) {
        standing->n_of_kind = 0;
        return false;
    }
    if (standing->n_of_kind++ == 0)
        standing->raw_since = raw_now;
    return standing->n_of_kind >= JUDGEMENTS;
}

/* What one is held to: what most say, else what the link to its own host says. */
typedef struct {
    bool exists;
    bool is_majority;
    Interval interval;
    VtMono raw_at; /* of the link's word */
} Standard;

static Standard
find_standard(const VtOpinion *opinions, size_t n_opinions, VtMono raw_now)
{
    Standard standard = { 0 };
    const VtOpinion *link = find_link(opinions, n_opinions);
    if (find_agreed(opinions, n_opinions, raw_now, &standard.interval)) {
        standard.exists = true;
        standard.is_majority = true;
    } else if (link != NULL) {
        standard.exists = true;
        standard.interval = get_interval(link, raw_now);
        standard.raw_at = link->raw_at;
    }
    return standard;
}

/* Whether those who set the standard, as of @raw_now, have spoken since @raw_since. */
static bool
is_fresh(const Standard *standard,
         const VtOpinion *opinions,
         size_t n_opinions,
         VtMono raw_since,
         VtMono raw_now)
{
    size_t n_fresh = 0;
    if (!standard->is_majority)
        return vt_mono_diff(standard->raw_at, raw_since) >= 0;
    for (size_t i = 0; i < n_opinions; i++)
        n_fresh += opinions[i].counts && vt_mono_diff(opinions[i].raw_at, raw_since) >= 0 &&
                   !are_apart(get_interval(&opinions[i], raw_now), standard->interval);
    return n_fresh * 2 > count_counting(opinions, n_opinions);
}

bool
vt_agreement_judge(const VtOpinion *opinions,
                   VtStanding *standings,
                   size_t n_opinions,
                   VtMono raw_now)
{
    g_autofree VtOpinion *heard = g_memdup2(opinions, n_opinions * sizeof *opinions);
    hear_trusted_alone(heard, n_opinions);
    Standard standard = find_standard(heard, n_opinions, raw_now);
    bool has_changed = false;

    for (size_t i = 0; i < n_opinions; i++) {
        VtStanding *standing = &standings[i];
        bool is_held_to_it =
            standard.exists &&
            (standard.is_majority || opinions[i].source_class == VT_SOURCE_HYPERVISOR);
        bool is_false =
            is_held_to_it && are_apart(get_interval(&opinions[i], raw_now), standard.interval);
        if (!opinions[i].counts || !note_judgement(standing, is_false, raw_now) ||
            (is_false && !is_fresh(&standard, heard, n_opinions, standing->raw_since, raw_now)))
            continue;
        *standing = (VtStanding){
            .is_false = is_false,
            .n_good = standing->n_good,
            .apart_ns = vt_ns_sub(opinions[i].raw_offset_ns, standard.interval.least_ns),
        };
        has_changed = true;
    }
    return has_changed;
}

VtAccord
vt_agreement_weigh(const VtOpinion *opinions, size_t n_opinions, size_t index, VtMono raw_now)
{
    g_autofree VtOpinion *heard = g_memdup2(opinions, n_opinions * sizeof *opinions);
    Interval agreed;
    hear_trusted_alone(heard, n_opinions);
    /* Its own word makes no majority against those that are trusted. */
    bool is_heard = heard[index].counts;
    VtAccord accord = { .n_counting = count_counting(heard, n_opinions) + !is_heard };
    if (!opinions[index].counts || !find_agreed(heard, n_opinions, raw_now, &agreed) ||
        are_apart(get_interval(&opinions[index], raw_now), agreed))
        return accord;
    for (size_t i = 0; i < n_opinions; i++)
        accord.n_agreeing +=
            heard[i].counts && !are_apart(get_interval(&heard[i], raw_now), agreed);
    accord.n_agreeing += !is_heard;
    return accord;
}

const char *
vt_agreement_guess(VtNs apart_ns)
{
    VtNs size_ns = vt_ns_abs(apart_ns);
    VtNs rest_ns = size_ns % QUARTER_NS;
    if (apart_ns >= LEAST_TAI_NS && apart_ns <= MOST_TAI_NS)
        return "it seems to show TAI, not UTC";
    if (size_ns >= QUARTER_NS - TOLERANCE_NS && size_ns <= MOST_ZONE_NS + TOLERANCE_NS &&
        (rest_ns <= TOLERANCE_NS || rest_ns >= QUARTER_NS - TOLERANCE_NS))
        return "it seems to show local time, not UTC";
    return "it contradicts the other references";
}
