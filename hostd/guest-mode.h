/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest may do to its clock, and why: what its domain's metadata says, else what its
 * libvirt clock gives away. Some guests must not have the true time. Pure.
 */
#pragma once

#include <stdint.h>

#include "hostd/domain-xml.h"
#include "proto/link-words.h"

typedef struct {
    uint8_t mode;       /* VtLinkMode; VT_LINK_MODE_INVALID: nobody knows yet */
    const char *reason; /* in words; "" for the default; static */
} VtGuestMode;

VtGuestMode vt_guest_mode_choose(const VtDomainXml *domain);

/* The same during an incident, while no guest may be told to step. */
VtGuestMode vt_guest_mode_freeze(VtGuestMode mode);

/* The keys of GetGuests that begin with "mode", into @dict. */
void vt_guest_mode_insert(VtGuestMode mode, GVariantDict *dict);
