/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the clocks with each other, names those that contradict the rest, and keeps them from
 * being followed as long as they do.
 */
#pragma once

#include <glib.h>

#include "base/units.h"

/*
 * Judges @sources (VtSource) by what they said since @raw_calm_at: each second, and while the
 * clock is being put right after each reading. Only while it @is_calm does a good judgement
 * count for one: who speaks alone for a few milliseconds was compared with nobody.
 */
void vt_falsetickers_judge(const GPtrArray *sources,
                           VtMono raw_calm_at,
                           VtMono raw_now,
                           bool is_calm);
