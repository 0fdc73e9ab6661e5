/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The opener's settings, which root alone may write; virt-time-opener(8) describes each. */
#pragma once

#include "base/options.h"

typedef struct {
    char *user;     /* who may ask */
    char **uris;    /* of libvirt that may be named */
    char **folders; /* beneath which channels lie */
    char *socket;   /* where to listen when not started by a socket unit */
} VtOpenerConfig;

/* The table behind it, for parsing, --print-settings and the man page's test. */
VtOptionTable vt_opener_config_get_table(void);

void vt_opener_config_clear(VtOpenerConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtOpenerConfig, vt_opener_config_clear)
