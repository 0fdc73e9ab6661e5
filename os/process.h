/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a time daemon asks for itself: memory that stays, and to be the first to run after a
 * resume. Both are gains, not needs: a daemon goes on without them and says so.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/*
 * Keeps every page that was touched once in memory (MCL_ONFAULT: stacks of library threads are
 * not pinned whole). VT_ERROR_DENIED where the amount is limited: half a lock would let later
 * allocations fail.
 */
bool vt_process_lock_memory(GError **error);

/*
 * Raises the calling thread to the lowest real-time priority. Threads it makes later run at
 * normal priority again.
 */
bool vt_process_raise_priority(GError **error);

/* The same in a daemon that uses GIO, whose worker threads are to stay at normal priority. */
bool vt_process_raise_priority_of_main(GError **error);
