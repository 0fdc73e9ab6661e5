/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time straight from the vmclock page: the processor's counter between two looks at the clock,
 * turned into UTC by what the page says. Where the hypervisor promises a bound, that is the
 * reading's own; else the host's share is told from outside.
 */
#pragma once

#include "agent/devices/vmclock.h"
#include "agent/providers/provider.h"
#include "agent/providers/quality.h"

typedef struct {
    VtVmclock *vmclock;
    const VtQuality *quality; /* read at each reading */
} VtProviderVmclockParams;

/*
 * What @params names, and @clock, must outlive the provider. A page that carries no time makes a
 * provider that is never usable and says why. Cleared with vt_provider_clear.
 */
VtProvider vt_provider_vmclock_new(const VtProviderVmclockParams *params,
                                   VtClock *clock,
                                   VtReadingFunc on_reading,
                                   void *user_data);
