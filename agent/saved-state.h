/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the agent knows at its next start: the learnt rate, and what the host allowed last. A
 * small text file, bound to the machine that wrote it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "agent/devices/rtc-phase.h"
#include "agent/identity.h"

typedef struct {
    VtIdentity identity;
    bool has_rate;
    double rate_ppb; /* as in VtPipelineStatus */
    double rate_sigma_ppb;
    VtRtcPhase rtc_phase; /* of this boot; not known: none */
    uint8_t mode;         /* VtLinkMode; VT_LINK_MODE_INVALID: the host has never said */
} VtSavedState;

/* Transfer full. */
char *vt_saved_state_write(const VtSavedState *state);

/*
 * The state in @text as it is worth on the machine @now; VT_ERROR_INVALID for garbage and for
 * another machine's. What a rate is worth after another boot, perhaps on another host, is told
 * by a larger sigma.
 */
bool vt_saved_state_read(const char *text,
                         const VtIdentity *now,
                         VtSavedState *ret_state,
                         GError **error);
