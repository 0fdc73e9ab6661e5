/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays one recovery through before there is one: notice, readings, step, proof and ACK, over
 * clocks that are made up. Whatever of the program a real recovery needs has been touched then,
 * and with memory locked it stays: the first reaction to a resume pages nothing in. Nothing
 * outside of this process is touched.
 */
#pragma once

#include "core/outcome.h"

/* How the recovery came out: a step by a minute. */
VtOutcome vt_rehearsal_run(void);
