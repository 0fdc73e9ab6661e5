/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells that something appeared beneath some folders, down to a few levels, so that nobody has
 * to look again and again. A sign that it may be worth looking, never a fact: what appeared is
 * not said, and where the kernel has no watch left nothing is said at all.
 */
#pragma once

#include <glib.h>

typedef struct VtFolderWatch VtFolderWatch;

typedef void (*VtFolderWatchFunc)(void *user_data);

/*
 * @folders: absolute paths, NULL-terminated; they need not exist (see refresh). @func is called
 * from the thread-default main context. Transfer full.
 */
VtFolderWatch *
vt_folder_watch_new(const char *const *folders, VtFolderWatchFunc func, void *user_data);
void vt_folder_watch_free(VtFolderWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtFolderWatch, vt_folder_watch_free)

/* Begins to watch folders that were not there before. */
void vt_folder_watch_refresh(VtFolderWatch *watch);
