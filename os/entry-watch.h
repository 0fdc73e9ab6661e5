/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells that an entry has appeared in one of some folders, or vanished from it. A sign that it may
 * be worth looking, never a fact; folders that are not there, and folders for which the kernel
 * has no watch left, are not watched.
 */
#pragma once

#include <stddef.h>

typedef struct VtEntryWatch VtEntryWatch;

/* @name is that of the entry, without its folder; borrowed for the call. */
typedef void (*VtEntryFunc)(const char *name, void *user_data);

/* @folders: absolute paths, NULL-terminated. Transfer full; never NULL. */
VtEntryWatch *
vt_entry_watch_new(const char *const *folders, VtEntryFunc on_entry, void *user_data);
void vt_entry_watch_free(VtEntryWatch *watch);

/* How many of the folders are watched. */
size_t vt_entry_watch_count(const VtEntryWatch *watch);
