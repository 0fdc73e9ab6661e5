/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ask-limit.h"

/* A recovery takes ten readings; three of them may follow each other within a second. */
#define MOST_PER_SEC 32

bool
vt_ask_limit_take(VtAskLimit *limit, VtMono raw_at)
{
    if (vt_mono_diff(raw_at, limit->raw_since) >= VT_NS_PER_SEC)
        *limit = (VtAskLimit){ .raw_since = raw_at };
    if (limit->n_asked >= MOST_PER_SEC)
        return false;
    limit->n_asked++;
    return true;
}
