/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody else set the clock: the kernel says so at once. A strong hint that allows a backward
 * step, since the kernel itself announced the set. Our own steps are announced, too, and are
 * told from others' by what the clock did beyond them.
 */
#pragma once

#include "agent/hints/hint.h"
#include "os/clock-watch.h"

/*
 * @clock, which must outlive the source, is the one by which this program steps. An empty source
 * on failure. Cleared with vt_hint_source_clear.
 */
VtHintSource vt_hint_clock_set_new(const VtClockSetPlaces *places,
                                   VtClock *clock,
                                   VtHintFunc on_hint,
                                   void *user_data,
                                   GError **error);
