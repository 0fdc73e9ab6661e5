/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * On which way to a server its delays vary. What a request waits for makes the server look ahead
 * by half of it, what a reply waits for makes it look behind by as much: so the readings' offsets
 * lean with their delays. For people, of each reference; the clock is steered by core/lean.
 */
#pragma once

#include "core/source-stats.h"

/*
 * From -0.5, requests alone are held up, to +0.5, replies alone; 0: both alike, or there is too
 * little to tell by. @fit is the line through @stats.
 */
double vt_asymmetry_estimate(const VtSourceStats *stats, const VtSourceFit *fit);
