/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the log says of a disruption or a step: one line, and fields to search by. */
#pragma once

#include "agent/disruption.h"

/* @reference is what it was measured against. */
void vt_disruption_record_log(const VtDisruptionRecord *record,
                              const char *reference,
                              const char *signs);

/* That the clock was stepped by @action in @state, where no line on a disruption will follow. */
void vt_step_log(VtState state, const VtAction *action);

/* A line of log if the state is another than @before, and one if something was found. */
void vt_state_change_log(const VtPipelineStatus *before, const VtPipelineStatus *status);
