/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells that something appeared beneath some folders, down to a few levels, so that nobody has
 * to look again and again. A sign that it may be worth looking, never a fact, and where the
 * kernel has no watch left nothing is said at all.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct VtFolderWatch VtFolderWatch;

/* @path is of what appeared; NULL: something did, of which nothing is known. */
typedef void (*VtFolderWatchFunc)(const char *path, void *user_data);

/*
 * @folders: absolute paths, NULL-terminated; they need not exist (see refresh). @func is called
 * from the thread-default main context. Transfer full.
 */
VtFolderWatch *
vt_folder_watch_new(const char *const *folders, VtFolderWatchFunc func, void *user_data);
void vt_folder_watch_free(VtFolderWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtFolderWatch, vt_folder_watch_free)

/* False: the kernel has no watch for us, look yourself. */
bool vt_folder_watch_works(const VtFolderWatch *watch);

/* Begins to watch folders that were not there before. */
void vt_folder_watch_refresh(VtFolderWatch *watch);
