/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who of all sources is followed, by one rule for all of them, and what the others make of it:
 * gathers what each says, lets core judge, names those that contradict the rest, and makes of a
 * reading of the followed one what all that agree with it say together.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "agent/source.h"
#include "core/pipeline.h"
#include "os/clock.h"

typedef struct VtSelector VtSelector;

/* Another is followed from now on. */
typedef void (*VtSelectorFunc)(const VtPipelineReference *reference, void *user_data);

/*
 * @list: VtSource; it may grow at its end, and shrink after vt_selector_forget. It and @clock must
 * outlive the selector. Transfer full.
 */
VtSelector *vt_selector_new(const GPtrArray *list,
                            VtClock *clock,
                            VtSelectorFunc on_change,
                            void *user_data);
void vt_selector_free(VtSelector *selector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSelector, vt_selector_free)

/* The source at @index of the list is about to be taken out of it. */
void vt_selector_forget(VtSelector *selector, size_t index);

/* The one that is followed, or was last; NULL for none. Borrowed. */
VtSource *vt_selector_get_followed(const VtSelector *selector);

/*
 * @is_urgent: the clock waits to be put right, or nobody knows how right it is; @is_moved: because
 * something has befallen it, and not for a suspicion or a silence alone.
 */
void vt_selector_set_status(VtSelector *selector, bool is_urgent, bool is_moved, bool is_right);

/* A hint tells that something befell the clock: what was said before counts no more. */
void vt_selector_note_disturbance(VtSelector *selector);

/* Whether it is a server that says that the clock is wrong, and the others must be asked. */
bool vt_selector_needs_others(const VtSelector *selector);

/* Once a tick: who lies, and who is followed. */
void vt_selector_on_tick(VtSelector *selector);

/* After a reading: at rest the tick judges, so that answering often is no advantage. */
void vt_selector_on_reading(VtSelector *selector);

/* Tells once more who is followed. */
void vt_selector_tell(VtSelector *selector);

/*
 * @reading of the followed one, as it is to be handed on: corrected by what the others that
 * agree with it say, with a leap second only if a majority of them announces it, and good for a
 * step only once a server has been compared with all that answer.
 */
VtReading vt_selector_prepare(VtSelector *selector, const VtReading *reading);
