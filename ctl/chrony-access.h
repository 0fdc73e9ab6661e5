/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a chrony.conf serves, and how often, as settings of a hostd.conf. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct {
    GString *allow; /* networks, separated by blanks */
    GString *deny;
    GString *listen; /* addresses */
} VtChronyAccess;

void vt_chrony_access_init(VtChronyAccess *access);
void vt_chrony_access_clear(VtChronyAccess *access);

/* Of "allow", "deny" or "bindaddress" and what follows. NULL, or why it is left out; static. */
const char *vt_chrony_access_read(VtChronyAccess *access, char **words);

/* Appends the lines. Whether anybody is served at all. */
bool vt_chrony_access_append(const VtChronyAccess *access, GString *output);

/* Zeroed: as hostd has it. */
typedef struct {
    bool is_set;
    int64_t interval_log2;
    int64_t burst;
} VtChronyLimit;

/* Of "ratelimit" and what follows; the same. */
const char *vt_chrony_limit_read(VtChronyLimit *limit, char **words);
void vt_chrony_limit_append(const VtChronyLimit *limit, GString *output);
