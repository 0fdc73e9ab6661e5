/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to come before and after a step of a clock that chronyd steers, in this order: chronyd
 * forgets what it measured; its frequency and tick hold, since a step in the middle of a slew
 * leaves the rest of the slew behind; the step; chronyd measures anew. Where chronyd cannot be
 * told, the step is made all the same, as soon as the rate holds.
 *
 *     SHUT --step likely--> ASKED --answer or 100 ms--> SETTLING --rate holds or 300 ms--> OPEN
 *      ^                                                                                    |
 *      +-------------------------- step made, or not wanted any more: burst ---------------+
 */
#pragma once

#include <stdbool.h>

#include "os/clock.h"

typedef struct VtStepGate VtStepGate;

/* What was wanted may be done now: measure again, since some milliseconds have passed. */
typedef void (*VtStepGateFunc)(void *user_data);

/* @clock must outlive the gate. Open to everybody until vt_step_gate_close_to. Transfer full. */
VtStepGate *vt_step_gate_new(VtClock *clock, VtStepGateFunc on_open, void *user_data);
void vt_step_gate_free(VtStepGate *gate);

/* chronyd steers, and is told by the helper at @helper_path; NULL: somebody else does, or we. */
void vt_step_gate_set_helper(VtStepGate *gate, const char *helper_path);

/*
 * A step will probably be wanted: what has to come before it begins while the clock is measured.
 * @rate_ppb: what the clock has to run faster than its raw oscillator while it is not being slewed,
 * if @is_rate_known.
 */
void vt_step_gate_prepare(VtStepGate *gate, double rate_ppb, bool is_rate_known);

/* Whether a step may be made now. If not, on_open is called when it may. */
bool vt_step_gate_may_pass(VtStepGate *gate, double rate_ppb, bool is_rate_known);

void vt_step_gate_note_step(VtStepGate *gate);

/* Each second: a step that was let pass and not made is not wanted any more. */
void vt_step_gate_on_tick(VtStepGate *gate);

/* "yes", "not yet", "no: REASON"; "" where there is no chronyd. Borrowed until the next call. */
const char *vt_step_gate_describe(VtStepGate *gate);
