/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PTP clock of this machine as a provider: one reading is the narrowest bracket of several,
 * taken at once. Its error is the reading's; how far the clock itself may be off is told from
 * outside, since such a clock says nothing of that.
 */
#pragma once

#include "agent/devices/ptp-kind.h"
#include "agent/providers/provider.h"
#include "agent/providers/quality.h"

typedef struct {
    const char *path;         /* of its node; copied */
    VtScale scale;            /* UTC or TAI */
    const VtQuality *quality; /* read at each reading; must outlive the provider */
} VtProviderPtpParams;

/*
 * The node is opened when it is first needed, and again after it was lost. @clock must outlive
 * the provider. Cleared with vt_provider_clear.
 */
VtProvider vt_provider_ptp_new(const VtProviderPtpParams *params,
                               VtClock *clock,
                               VtReadingFunc on_reading,
                               void *user_data);

/* The clocksource changed: the best way to read it is found anew. */
void vt_provider_ptp_forget_method(VtProvider *provider);
