/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vmclock page says that the processor's counter was disrupted (a restore, a migration), or
 * that this machine is a copy: strong hints. They come at once where the hypervisor notifies,
 * else with the tick. That a disruption is planned is a weak one: a last reading before it.
 */
#pragma once

#include "agent/devices/vmclock.h"
#include "agent/hints/hint.h"

/*
 * @slot is looked at on each tick: NULL while there is no page, which may be found later but
 * never changes for another. Cleared with vt_hint_source_clear, before the page is freed.
 */
VtHintSource vt_hint_vmclock_new(VtVmclock *const *slot, VtHintFunc on_hint, void *user_data);
