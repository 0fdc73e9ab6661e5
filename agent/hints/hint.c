/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/hint.h"

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
