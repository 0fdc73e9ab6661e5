/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does to the clock what the pipeline decided, if that is still right at this instant. */
#pragma once

#include "agent/apply.h"
#include "agent/authority.h"

/*
 * Whoever else steers the clock by now has the word: what was decided for a clock of ours lapses,
 * and a step of another's waits until he knows. False when it was not done, which the pipeline
 * is told and the authority keeps.
 */
bool vt_execute(VtAuthority *authority, const VtApplyPlace *place, const VtAction *action);
