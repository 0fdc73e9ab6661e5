/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a file that outlives the daemon is written: a line appended to a journal of bounded size,
 * or a small file replaced in one move. Both may block for as long as the file system likes,
 * so only os/state-folder.c's worker and tests call them.
 *
 * A name stands for a file directly below the folder, which is made (mode 0750) if missing.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/* A journal that would grow beyond is renamed to 'NAME.1', over an older one of that name. */
#define VT_STATE_JOURNAL_MAX_BYTES (1024 * 1024)

/*
 * Appends @line and a newline in one write. A line that a crash has cut gets its newline first,
 * so that it spoils no other. The data is not on the disk yet: vt_state_sync.
 */
bool vt_state_append(const char *folder, const char *name, const char *line, GError **error);

/* Waits until what was appended to @name is on the disk. */
bool vt_state_sync(const char *folder, const char *name, GError **error);

/*
 * Replaces the content of @name: whoever reads sees all of the old or all of the new, also after
 * a crash.
 */
bool vt_state_replace(const char *folder, const char *name, const char *text, GError **error);
