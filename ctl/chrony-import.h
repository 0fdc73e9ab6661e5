/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a chrony.conf as settings of virt-time-agent and virt-time-hostd, and what of it has
 * no counterpart there, with the reason. Pure: the text may be anything.
 */
#pragma once

#include <stddef.h>

#include <glib.h>

/* A line, or a part of it, that became no setting. */
typedef struct {
    unsigned line;
    char *text;
    const char *reason; /* static */
} VtChronyNote;

typedef struct {
    GString *agent;   /* agent.conf; empty if there is nothing to set */
    GString *hostd;   /* hostd.conf; the same */
    GPtrArray *notes; /* of VtChronyNote */
} VtChronyImport;

/* Never fails. Transfer full. */
VtChronyImport *vt_chrony_import_new(const char *text, size_t n_bytes);
void vt_chrony_import_free(VtChronyImport *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtChronyImport, vt_chrony_import_free)
