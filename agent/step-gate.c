/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/step-gate.h"

#include <math.h>

#include <glib.h>

#include "agent/chrony-client.h"

/* A chronyd that runs answers within a millisecond. */
#define ANSWER_LIMIT_MS 100

/*
 * Between two readings of the rate, which chronyd changes at once, and how many there are at
 * most.
 */
#define LOOK_AGAIN_MS 2
#define MOST_LOOKS    100

/* Where chronyd cannot be told: between the two readings that are looked at then. */
#define UNTOLD_MS 10

/* chronyd slews faster than this when there is much to do; what a slower slew leaves is small. */
#define FAST_PPB 500000.0

/* A second, and the rest of one. */
#define OPEN_TICKS 2

typedef enum {
    GATE_SHUT,
    GATE_ASKED,    /* chronyd was told to forget */
    GATE_SETTLING, /* its slew may be going on */
    GATE_OPEN,
} GateState;

struct VtStepGate {
    VtClock *clock;
    VtStepGateFunc on_open;
    void *user_data;
    VtChronyClient *client; /* NULL: open to everybody */
    GateState state;
    guint timer_id;
    bool is_awaited; /* somebody wants to step */
    double wanted_ppb;
    bool is_rate_known;
    double seen_ppb; /* of the kernel, when last looked at */
    unsigned n_looks;
    unsigned n_ticks_open;
    unsigned n_told;
    char *description;
};

static void check_rate(VtStepGate *gate);

static double
read_rate(const VtStepGate *gate)
{
    VtClockState state;
    return vt_clock_get_state(gate->clock, &state, NULL) ? state.rate_ppb : 0;
}

static void
open_gate(VtStepGate *gate)
{
    gate->state = GATE_OPEN;
    gate->n_ticks_open = 0;
    if (gate->is_awaited)
        gate->on_open(gate->user_data);
}

static gboolean
on_look_again(gpointer user_data)
{
    VtStepGate *gate = user_data;
    gate->timer_id = 0;
    check_rate(gate);
    return G_SOURCE_REMOVE;
}

/* Two readings alike, and none that only a slew explains. */
static bool
does_rate_hold(VtStepGate *gate)
{
    double rate_ppb = read_rate(gate);
    bool is_same = rate_ppb == gate->seen_ppb;
    bool is_fast = gate->is_rate_known && fabs(rate_ppb - gate->wanted_ppb) > FAST_PPB;
    gate->seen_ppb = rate_ppb;
    if (is_fast && gate->n_looks == 0)
        (void)vt_chrony_client_ask(gate->client,
                                   VT_CHRONY_WISH_MAKESTEP); /* else it takes long */
    return is_same && !is_fast;
}

static void
check_rate(VtStepGate *gate)
{
    bool holds = does_rate_hold(gate);
    gate->n_looks++;
    if (holds || gate->n_looks >= MOST_LOOKS)
        open_gate(gate);
    else
        gate->timer_id = g_timeout_add(LOOK_AGAIN_MS, on_look_again, gate);
}

static void
settle(VtStepGate *gate)
{
    gate->state = GATE_SETTLING;
    gate->n_looks = 0;
    g_clear_handle_id(&gate->timer_id, g_source_remove);
    check_rate(gate);
}

static void
on_told(VtChronyWish wish, const char *problem, void *user_data)
{
    VtStepGate *gate = user_data;
    if (problem == NULL)
        gate->n_told++;
    else
        g_info("chronyd was not told: %s", problem);
    if (wish == VT_CHRONY_WISH_RESET && gate->state == GATE_ASKED)
        settle(gate);
}

static gboolean
on_no_answer(gpointer user_data)
{
    VtStepGate *gate = user_data;
    gate->timer_id = 0;
    settle(gate);
    return G_SOURCE_REMOVE;
}

static void
begin(VtStepGate *gate)
{
    gate->seen_ppb = read_rate(gate);
    gate->is_awaited = false;
    gate->state = GATE_ASKED;
    if (vt_chrony_client_ask(gate->client, VT_CHRONY_WISH_RESET)) {
        gate->timer_id = g_timeout_add(ANSWER_LIMIT_MS, on_no_answer, gate);
        return;
    }
    g_info("chronyd was not told: %s", vt_chrony_client_get_problem(gate->client));
    gate->timer_id = g_timeout_add(UNTOLD_MS, on_no_answer, gate);
}

VtStepGate *
vt_step_gate_new(VtClock *clock, VtStepGateFunc on_open, void *user_data)
{
    VtStepGate *gate = g_new0(VtStepGate, 1);
    gate->clock = clock;
    gate->on_open = on_open;
    gate->user_data = user_data;
    return gate;
}

void
vt_step_gate_free(VtStepGate *gate)
{
    if (gate == NULL)
        return;
    vt_step_gate_set_helper(gate, NULL);
    g_free(gate->description);
    g_free(gate);
}

void
vt_step_gate_set_helper(VtStepGate *gate, const char *helper_path)
{
    g_clear_handle_id(&gate->timer_id, g_source_remove);
    g_clear_pointer(&gate->client, vt_chrony_client_free);
    gate->state = GATE_SHUT;
    gate->n_told = 0;
    if (helper_path != NULL)
        gate->client = vt_chrony_client_new(helper_path, on_told, gate);
}

void
vt_step_gate_prepare(VtStepGate *gate, double rate_ppb, bool is_rate_known)
{
    gate->wanted_ppb = rate_ppb;
    gate->is_rate_known = is_rate_known;
    if (gate->client != NULL && gate->state == GATE_SHUT)
        begin(gate);
}

bool
vt_step_gate_may_pass(VtStepGate *gate, double rate_ppb, bool is_rate_known)
{
    if (gate->client == NULL || gate->state == GATE_OPEN)
        return true;
    vt_step_gate_prepare(gate, rate_ppb, is_rate_known);
    gate->is_awaited = true;
    return false;
}

static void
shut(VtStepGate *gate)
{
    gate->state = GATE_SHUT;
    (void)vt_chrony_client_ask(gate->client, VT_CHRONY_WISH_BURST); /* it keeps its problem */
}

void
vt_step_gate_note_step(VtStepGate *gate)
{
    if (gate->client != NULL)
        shut(gate);
}

void
vt_step_gate_on_tick(VtStepGate *gate)
{
    if (gate->state != GATE_OPEN)
        return;
    gate->n_ticks_open++;
    if (gate->n_ticks_open >= OPEN_TICKS)
        shut(gate);
}

const char *
vt_step_gate_describe(VtStepGate *gate)
{
    if (gate->client == NULL)
        return "";
    const char *problem = vt_chrony_client_get_problem(gate->client);
    if (problem == NULL)
        return gate->n_told > 0 ? "yes" : "not yet";
    g_free(gate->description);
    gate->description = g_strconcat("no: ", problem, NULL);
    return gate->description;
}
