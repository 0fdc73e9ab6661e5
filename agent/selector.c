/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/selector.h"

#include "agent/falsetickers.h"
#include "agent/source-server.h"
#include "core/choice.h"
#include "core/combination.h"

/* Whoever has not answered by then is not waited for before a first step. */
#define MOST_WAIT_NS (2500 * VT_NS_PER_MS)

/* Nor before a step that nothing but a server asks for: then until all have had their turn. */
#define MOST_WAIT_UNANNOUNCED_NS (70 * VT_NS_PER_SEC)

/* A hint and the change of state that it brings are one event. */
#define ONE_EVENT_NS VT_NS_PER_SEC

/* More readings than any burst has: there is no step on that. */
#define NEVER_TO_STEP G_MAXUINT

struct VtSelector {
    const GPtrArray *list; /* VtSource */
    VtClock *clock;
    VtSelectorFunc on_change;
    void *user_data;
    VtChoice choice;
    bool is_urgent;
    bool was_right;          /* the clock has been, since the start */
    VtMono raw_disturbed_at; /* what was said before is of another time */
    bool is_announced;       /* something else than a reading told of it */
    VtMono raw_calm_at;      /* since then nothing befell the clock, whatever was suspected */
    VtNs agreed_ns;          /* what all that agree say, minus what the followed one says */
    VtShift shift;           /* the same, as it is applied: it follows slowly */
};

static VtSource *
get_nth(const VtSelector *selector, size_t index)
{
    return selector->list->pdata[index];
}

static VtMono
get_raw_now(const VtSelector *selector)
{
    return vt_clock_read(selector->clock).raw;
}

VtSelector *
vt_selector_new(const GPtrArray *list,
                VtClock *clock,
                VtSelectorFunc on_change,
                void *user_data)
{
    VtSelector *selector = g_new0(VtSelector, 1);
    selector->list = list;
    selector->clock = clock;
    selector->on_change = on_change;
    selector->user_data = user_data;
    selector->is_urgent = true;
    selector->raw_disturbed_at = get_raw_now(selector);
    selector->is_announced = true;
    vt_choice_init(&selector->choice);
    return selector;
}

void
vt_selector_free(VtSelector *selector)
{
    g_free(selector);
}

VtSource *
vt_selector_get_followed(const VtSelector *selector)
{
    if (selector->choice.current == VT_CHOICE_NONE)
        return NULL;
    return get_nth(selector, selector->choice.current);
}

void
vt_selector_forget(VtSelector *selector, size_t index)
{
    vt_choice_forget(&selector->choice, index);
    if (selector->choice.current == VT_CHOICE_NONE)
        vt_shift_set(&selector->shift, 0, get_raw_now(selector));
}

static void
begin_disturbance(VtSelector *selector, bool is_announced)
{
    selector->raw_disturbed_at = get_raw_now(selector);
    selector->is_announced = is_announced;
}

void
vt_selector_note_disturbance(VtSelector *selector)
{
    begin_disturbance(selector, true);
}

void
vt_selector_set_status(VtSelector *selector, bool is_urgent, bool is_moved, bool is_right)
{
    VtMono raw_now = get_raw_now(selector);
    bool was_noted = vt_mono_diff(raw_now, selector->raw_disturbed_at) < ONE_EVENT_NS;
    if (is_urgent && !selector->is_urgent && !was_noted)
        begin_disturbance(selector, false);
    /* What was said before a suspicion counts again once it is refuted. */
    if (is_moved)
        selector->raw_calm_at = raw_now;
    selector->is_urgent = is_urgent;
    selector->was_right |= is_right;
}

bool
vt_selector_needs_others(const VtSelector *selector)
{
    const VtSource *followed = vt_selector_get_followed(selector);
    return !selector->is_announced && followed != NULL && vt_source_is_server(followed);
}

void
vt_selector_tell(VtSelector *selector)
{
    const VtSource *followed = vt_selector_get_followed(selector);
    VtCandidate candidate =
        vt_source_get_candidate(followed, selector->is_urgent, get_raw_now(selector));
    VtPipelineReference reference = {
        .is_synchronised = candidate.is_synchronised,
        .holdover_after_ns = vt_source_get_holdover(followed),
    };

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                     "f2a4c6de07d14b7c8a7de1b7c0c2a5e4", "PROVIDER",
                     vt_source_get_name(followed), "MESSAGE", "following '%s'%s",
                     vt_source_get_name(followed),
                     candidate.is_synchronised ? "" : ", which is not synchronised");
    selector->on_change(&reference, selector->user_data);
}

static VtAccord
weigh(const VtSelector *selector, size_t index)
{
    size_t n_sources = selector->list->len;
    g_autofree VtOpinion *opinions = g_new0(VtOpinion, n_sources);
    for (size_t i = 0; i < n_sources; i++)
        opinions[i] = vt_source_get_opinion(get_nth(selector, i), selector->raw_disturbed_at);
    return vt_agreement_weigh(opinions, n_sources, index, get_raw_now(selector));
}

/* Whether somebody who may answer has neither done so nor failed to. */
static bool
is_anybody_awaited(const VtSelector *selector)
{
    VtNs waited_ns = vt_mono_diff(get_raw_now(selector), selector->raw_disturbed_at);
    VtNs most_ns = selector->is_announced ? MOST_WAIT_NS : MOST_WAIT_UNANNOUNCED_NS;
    for (size_t i = 0; i < selector->list->len && waited_ns < most_ns; i++) {
        if (vt_source_is_awaited(get_nth(selector, i), selector->raw_disturbed_at))
            return true;
    }
    return false;
}

/*
 * Whether a server may be followed while nobody knows how right the clock is: it has been
 * compared with the others before, and something else says that the clock is wrong, too; or it
 * is compared now with all that answer.
 */
static bool
is_cleared(const VtSelector *selector, size_t index)
{
    VtSource *source = get_nth(selector, index);
    if (!vt_source_is_server(source))
        return true;
    if (selector->was_right && selector->is_announced &&
        vt_standing_is_vetted(vt_source_get_standing(source)))
        return true;
    if (is_anybody_awaited(selector))
        return false;
    VtAccord accord = weigh(selector, index);
    /* Who came by a pool is nobody that anyone has chosen: two must agree. */
    bool needs_two = vt_source_is_pool_member(source) && accord.n_counting > 1;
    return accord.n_agreeing >= (needs_two ? 2 : 1);
}

/*
 * Who is followed already stays it: nothing is stepped on a word that is not cleared, and nobody
 * worse, such as a host that is not synchronised, may take the place meanwhile.
 */
static void
leave_out_uncleared(const VtSelector *selector, VtCandidate *candidates, size_t n_candidates)
{
    for (size_t i = 0; i < n_candidates; i++) {
        if (i != selector->choice.current && !is_cleared(selector, i))
            candidates[i].is_usable = false;
    }
}

/*
 * In a hurry nobody compares at leisure. One that has just shown up is then not preferred to a
 * reference that serves, however near to true time it says it is.
 */
static void
leave_out_strangers(const VtSelector *selector, VtCandidate *candidates, size_t n_candidates)
{
    size_t current = selector->choice.current;
    if (current == VT_CHOICE_NONE || !candidates[current].is_usable)
        return;
    for (size_t i = 0; i < n_candidates; i++) {
        const VtStanding *standing = vt_source_get_standing(get_nth(selector, i));
        if (i != current && candidates[i].source_class == VT_SOURCE_HYPERVISOR &&
            !vt_standing_is_vetted(standing))
            candidates[i].is_usable = false;
    }
}

/* Whether another one is followed than before. */
static bool
choose(VtSelector *selector)
{
    VtMono raw_now = get_raw_now(selector);
    size_t n_sources = selector->list->len;
    g_autofree VtCandidate *candidates = g_new0(VtCandidate, n_sources);

    /* Who was followed is at another address: that is somebody else. */
    VtSource *followed = vt_selector_get_followed(selector);
    if (followed != NULL && vt_source_take_renewal(followed))
        vt_choice_init(&selector->choice);
    for (size_t i = 0; i < n_sources; i++)
        candidates[i] =
            vt_source_get_candidate(get_nth(selector, i), selector->is_urgent, raw_now);
    if (selector->is_urgent) {
        leave_out_strangers(selector, candidates, n_sources);
        leave_out_uncleared(selector, candidates, n_sources);
    }
    if (!vt_choice_judge(&selector->choice, candidates, n_sources, selector->is_urgent))
        return false;
    (void)vt_source_take_renewal(vt_selector_get_followed(selector)); /* known from now on */
    vt_selector_tell(selector);
    return true;
}

static void
combine(VtSelector *selector)
{
    VtMono raw_now = get_raw_now(selector);
    size_t n_sources = selector->list->len;
    size_t followed = selector->choice.current;
    g_autofree VtContender *contenders = g_new0(VtContender, n_sources);

    for (size_t i = 0; i < n_sources; i++)
        contenders[i] = vt_source_get_contender(get_nth(selector, i), raw_now);
    /* What befalls this machine's clock is nothing that the references differ by. */
    VtNs mean_ns =
        followed != VT_CHOICE_NONE ? vt_combination_make(contenders, n_sources, followed) : 0;
    if (!selector->is_urgent || followed == VT_CHOICE_NONE)
        selector->agreed_ns = mean_ns;
    for (size_t i = 0; i < n_sources; i++)
        vt_source_note_place(get_nth(selector, i), i == followed, contenders[i].counts);
}

static void
start_shift(VtSelector *selector)
{
    /* In a hurry nobody is combined: what there is belongs to the one before. */
    if (selector->is_urgent)
        selector->agreed_ns = 0;
    vt_shift_set(&selector->shift, selector->agreed_ns, get_raw_now(selector));
}

static void
judge(VtSelector *selector)
{
    bool is_another = choose(selector);
    combine(selector);
    /* Its first reading is no continuation of what the one before said. */
    if (is_another)
        start_shift(selector);
}

static void
name_falsetickers(VtSelector *selector)
{
    VtMono raw_since = selector->is_urgent ? selector->raw_disturbed_at : selector->raw_calm_at;
    vt_falsetickers_judge(selector->list, raw_since, get_raw_now(selector),
                          !selector->is_urgent);
}

void
vt_selector_on_tick(VtSelector *selector)
{
    name_falsetickers(selector);
    judge(selector);
}

static bool
is_followed_serving(const VtSelector *selector)
{
    const VtSource *followed = vt_selector_get_followed(selector);
    return followed != NULL &&
           vt_source_get_candidate(followed, selector->is_urgent, get_raw_now(selector))
               .is_usable;
}

void
vt_selector_on_reading(VtSelector *selector)
{
    /* One that has died is replaced when its last chance has gone by, not at the tick after. */
    if (is_followed_serving(selector) && !selector->is_urgent)
        return;
    name_falsetickers(selector);
    judge(selector);
}

/* By a majority; where nobody has a say just now the followed one goes on as before. */
static uint8_t
get_agreed_leap(const VtSelector *selector, uint8_t leap)
{
    unsigned n_usable = 0, n_same = 0;
    for (size_t i = 0; i < selector->list->len && leap != 0; i++) {
        VtOpinion opinion =
            vt_source_get_opinion(get_nth(selector, i), selector->raw_disturbed_at);
        n_usable += opinion.counts;
        n_same += opinion.counts && opinion.leap == leap;
    }
    return n_same * 2 > n_usable || n_usable == 0 ? leap : 0;
}

VtReading
vt_selector_prepare(VtSelector *selector, const VtReading *reading)
{
    VtReading prepared = *reading;
    if (!selector->is_urgent)
        vt_shift_follow(&selector->shift, selector->agreed_ns, reading->received.raw);
    VtNs shift_ns = selector->shift.applied_ns;
    prepared.reference_received_at = vt_wall_add(reading->reference_received_at, shift_ns);
    prepared.reference_sent_at = vt_wall_add(reading->reference_sent_at, shift_ns);
    /* By so much one of them is wrong. */
    prepared.root_dispersion_ns = vt_ns_add(reading->root_dispersion_ns, vt_ns_abs(shift_ns));
    prepared.leap = get_agreed_leap(selector, reading->leap);
    prepared.lost_after_ns = vt_source_get_holdover(vt_selector_get_followed(selector));
    if (selector->is_urgent && !is_cleared(selector, selector->choice.current))
        prepared.n_to_step = NEVER_TO_STEP;
    return prepared;
}
