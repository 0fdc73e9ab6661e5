/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folder in which a daemon keeps what outlives it: journals and small files of state.
 * Reading is direct. Writing is handed to one worker and never holds the caller up, whatever
 * the file system does: on a frozen one the worker waits, on a full or read-only one it fails,
 * and the daemon goes on. At most 64 writes wait; what comes beyond is dropped and counted.
 *
 * A journal is synced when nothing more waits, a small file at once: what was handed over is on
 * the disk a moment later, or lost together with the machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct VtStateFolder VtStateFolder;

/* Writing began to fail; called once until a write works again. From the main context. */
typedef void (*VtStateProblemFunc)(const GError *error, void *user_data);

/* Touches nothing yet: the folder may be missing, and is made by the first write. */
VtStateFolder *
vt_state_folder_new(const char *path, VtStateProblemFunc on_problem, void *user_data);

/*
 * Gives the worker 500 ms to finish, and leaves it behind if it does not: it then ends by itself
 * when the file system lets it. Takes NULL.
 */
void vt_state_folder_free(VtStateFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtStateFolder, vt_state_folder_free)

/* Appends a line to the journal @name; see vt_state_append for its size. */
void vt_state_folder_append(VtStateFolder *folder, const char *name, const char *line);

/* Replaces the small file @name; of several that wait the last one counts. */
void vt_state_folder_replace(VtStateFolder *folder, const char *name, const char *text);

/* Waits until nothing is left to write, @timeout_ms at most; whether that was enough. */
bool vt_state_folder_flush(VtStateFolder *folder, unsigned timeout_ms);

/* How many writes were dropped because too many waited, and how many failed. */
uint64_t vt_state_folder_get_n_lost(VtStateFolder *folder);

/*
 * The last lines of journal @name, oldest first, @n_lines at most and from its last 256 KiB,
 * the renamed one included. Missing files and those that cannot be read have none. Transfer
 * full.
 */
GStrv vt_state_folder_read_tail(VtStateFolder *folder, const char *name, unsigned n_lines);

/* The content of a small file; NULL unless it can be read and is below 4 KiB. Transfer full. */
char *vt_state_folder_read(VtStateFolder *folder, const char *name);
