/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who steers this machine's clock already? Nothing in the kernel arbitrates between two
 * writers, so a second one must not begin.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct {
    char *name; /* of the process: "chronyd", ... */
    int pid;
} VtOwner;

/*
 * Looks through the processes below @proc_path ('/proc') for a time daemon other than this
 * one. True when there is one; @ret_owner is then filled and released with vt_owner_clear.
 */
bool vt_owner_find(const char *proc_path, VtOwner *ret_owner);
void vt_owner_clear(VtOwner *owner);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtOwner, vt_owner_clear)
