/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Speaks to chronyd for the agent, which is another user and may not bind in chronyd's folder:
 * takes a wish of three on a local socket, from members of one group and root, and answers
 * whether chronyd did it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

typedef struct VtChronyHelper VtChronyHelper;

typedef struct {
    int listen_fd; /* SOCK_SEQPACKET, listening; the helper's from now on */
    gid_t group;   /* whose members may ask, besides root */
    const char *chronyd_path;
} VtChronyHelperParams;

/* @params is copied. Transfer full. */
VtChronyHelper *vt_chrony_helper_new(const VtChronyHelperParams *params);
void vt_chrony_helper_free(VtChronyHelper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtChronyHelper, vt_chrony_helper_free)

/* Nobody is connected. */
bool vt_chrony_helper_is_idle(const VtChronyHelper *helper);
