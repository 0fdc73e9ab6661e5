/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps "measure at once" from becoming a busy loop: a reference that answers rubbish, or a
 * storm of hints, gets so many extra readings a second and the tick's after that.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef struct {
    VtMono raw_since;
    unsigned n_asked;
} VtAskLimit;

/* Whether one more may be asked for at @raw_at; counts it if so. Zeroed is fresh. */
bool vt_ask_limit_take(VtAskLimit *limit, VtMono raw_at);
