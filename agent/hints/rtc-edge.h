/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An edge of the RTC's seconds came where none is due. QEMU's RTC runs through a pause, and the
 * overdue edge comes with the first instructions after it: without a link the one sign that a
 * guest gets at once. That the RTC went on by seconds is a strong hint; an edge that is merely
 * off its phase may be a late interrupt, or somebody's write, and is a weak one.
 */
#pragma once

#include "agent/devices/rtc.h"
#include "agent/hints/hint.h"

/*
 * @slot is looked at on each tick: NULL while there is no RTC, which may be found later but
 * never changes for another. Cleared with vt_hint_source_clear, before the RTC is freed.
 */
VtHintSource vt_hint_rtc_edge_new(VtRtc *const *slot, VtHintFunc on_hint, void *user_data);
