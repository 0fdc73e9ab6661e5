/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The enumerations of the link that people see too, each value with its name for logs, the
 * control interfaces and --json.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What hostd lets a guest do to its clock. */
typedef enum {
    VT_LINK_MODE_INVALID = 0, /* not said: a guest's own HELLO */
    VT_LINK_MODE_FULL = 1,    /* step and slew */
    VT_LINK_MODE_OBSERVE = 2, /* measure and report, correct nothing */
    VT_LINK_MODE_OFF = 3,     /* do not even measure */
    VT_LINK_N_MODES,
} VtLinkMode;

/* What befell a guest. */
typedef enum {
    VT_LINK_CAUSE_UNKNOWN = 0, /* weak: measure, nothing is said to have happened */
    VT_LINK_CAUSE_RESUMED = 1,
    VT_LINK_CAUSE_RESTORED = 2,
    VT_LINK_CAUSE_REVERTED = 3,
    VT_LINK_CAUSE_MIGRATED_IN = 4,
    VT_LINK_CAUSE_HOST_WOKE = 5,
    VT_LINK_CAUSE_HOST_CLOCK_STEPPED = 6,
    VT_LINK_CAUSE_HOST_SYNCHRONISED = 7, /* weak */
    VT_LINK_CAUSE_OPERATOR = 8,          /* weak */
    VT_LINK_N_CAUSES,
} VtLinkCause;

/* What an agent did about it. */
typedef enum {
    VT_LINK_ACTION_NONE = 0, /* measured, nothing to correct */
    VT_LINK_ACTION_STEPPED = 1,
    VT_LINK_ACTION_SLEWED = 2,
    VT_LINK_ACTION_REFUSED = 3,  /* policy or permission forbade it */
    VT_LINK_ACTION_OBSERVED = 4, /* mode observe */
    VT_LINK_N_ACTIONS,
} VtLinkAckAction;

/* "resumed", "host-clock-stepped", ...; "invalid" outside the range. Transfer none. */
const char *vt_link_cause_name(uint8_t cause);
const char *vt_link_mode_name(uint8_t mode);
const char *vt_link_action_name(uint8_t action);

/* A strong cause marks the clock unsynchronised at once; a weak one only asks to measure. */
bool vt_link_cause_is_strong(uint8_t cause);
