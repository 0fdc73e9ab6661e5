/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the clocks with each other, names those that contradict the rest, and keeps them from
 * being followed as long as they do.
 */
#pragma once

#include <glib.h>

#include "base/units.h"

/*
 * Each second, while the clock is not being put right: @sources (VtSource), by what they said
 * since @raw_calm_at.
 */
void vt_falsetickers_judge(const GPtrArray *sources, VtMono raw_calm_at, VtMono raw_now);
