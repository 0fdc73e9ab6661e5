/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the pipeline wants before the next tick: to be woken when a trim has done its work, and
 * another reading. Each action's wish to be woken replaces the one before; a wish for a reading
 * stands until it has come true.
 */
#pragma once

#include "core/action.h"

typedef void (*VtWishFunc)(void *user_data);

typedef struct VtWishes VtWishes;

/* Transfer full. */
VtWishes *vt_wishes_new(VtWishFunc on_wake, VtWishFunc on_reading_due, void *user_data);
void vt_wishes_free(VtWishes *wishes);

void vt_wishes_take(VtWishes *wishes, const VtAction *action);
