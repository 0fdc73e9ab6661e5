/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's RTC as a provider: one reading is one edge of its seconds, in phase, plus the
 * phase that was learnt while the clock was right. The phase is learnt here, too. Learnt against
 * a clock that no synchronised reference had set, it makes the RTC a stopwatch: it puts the
 * clock back to what it was, and says that it is not synchronised.
 */
#pragma once

#include "agent/devices/rtc.h"
#include "agent/providers/provider.h"
#include "agent/providers/quality.h"

typedef struct {
    VtRtc *rtc;
    const VtTruth *truth; /* looked at with each edge */
} VtProviderRtcParams;

/*
 * Usable while the RTC is watched, which others decide. What @params names, and @clock, must
 * outlive the provider. Cleared with vt_provider_clear.
 */
VtProvider vt_provider_rtc_new(const VtProviderRtcParams *params,
                               VtClock *clock,
                               VtReadingFunc on_reading,
                               void *user_data);
