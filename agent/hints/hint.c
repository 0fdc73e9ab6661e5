/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/hint.h"

bool
vt_hint_source_shows_at_once(const VtHintSource *source)
{
    return source->kind != NULL && source->kind->shows_at_once;
}

void
vt_hint_source_tick(VtHintSource *source)
{
    if (source->kind != NULL && source->kind->tick != NULL)
        source->kind->tick(source->instance);
}

void
vt_hint_source_clear(VtHintSource *source)
{
    if (source->kind != NULL)
        source->kind->free(source->instance);
    *source = (VtHintSource){ 0 };
}
