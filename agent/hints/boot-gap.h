/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This machine slept of its own accord: CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC, and the
 * kernel set the clock from a source that may be coarse. A strong hint that allows a backward
 * step, noticed at the first tick after it.
 */
#pragma once

#include "agent/hints/hint.h"
#include "os/clock.h"

/* @clock must outlive the source. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_boot_gap_new(VtClock *clock, VtHintFunc on_hint, void *user_data);
