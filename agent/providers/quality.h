/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How good a clock is that cannot say so itself. Most clocks of hypervisors show what the host's
 * clock shows and nothing of its state: what the link tells of the host holds for them, too;
 * without a link a setting does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

/* The members of the same names in VtReading. */
typedef struct {
    VtNs root_delay_ns;
    VtNs root_dispersion_ns;
    bool is_synchronised;
    uint8_t stratum; /* 0: unknown */
    uint8_t leap;
} VtQuality;

/* What is known of the local clock from somebody better than the one who asks. */
typedef struct {
    bool is_settled; /* nothing is suspected, and nothing is being put right */
    bool is_right;   /* and a synchronised reference says so */
    VtNs offset_ns;  /* while it is: true time minus the clock */
    VtNs error_ns;
} VtTruth;
