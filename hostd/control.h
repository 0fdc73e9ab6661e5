/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostd's D-Bus face on its private socket and the system bus. Its answers name tenants: not
 * for everyone.
 */
#pragma once

#include "hostd/hostd.h"
#include "os/reload.h"

typedef struct VtHostdControl VtHostdControl;

/* @hostd and @reload must outlive the control. @path NULL: the built-in one. Transfer full. */
VtHostdControl *vt_hostd_control_new(VtHostd *hostd,
                                     VtReload *reload,
                                     const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Also on the system bus, whenever there is one; @address NULL: where it is by default. */
void vt_hostd_control_join_bus(VtHostdControl *control, const char *address);

void vt_hostd_control_free(VtHostdControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtHostdControl, vt_hostd_control_free)
