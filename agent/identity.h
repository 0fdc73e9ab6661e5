/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which machine this is, so that what one learnt is not believed by its clones: the installation
 * (machine-id), the virtual machine (its firmware's UUID, which a new machine from the same disk
 * does not share) and the boot.
 */
#pragma once

#include <stdbool.h>

/* Room for a UUID with its hyphens. */
#define VT_IDENTITY_BYTES 40

/* Each "" where it is not known; else lower-case hexadecimal digits and hyphens. */
typedef struct {
    char machine[VT_IDENTITY_BYTES];
    char vm[VT_IDENTITY_BYTES];
    char boot[VT_IDENTITY_BYTES];
} VtIdentity;

typedef struct {
    const char *machine_path; /* '/etc/machine-id' */
    const char *vm_path;      /* '/sys/class/dmi/id/product_uuid', for root alone */
    const char *boot_path;    /* '/proc/sys/kernel/random/boot_id' */
} VtIdentityPlaces;

VtIdentityPlaces vt_identity_places_system(void);

VtIdentity vt_identity_read(const VtIdentityPlaces *places);

/*
 * Nothing speaks against @a and @b being the same machine, and at least one thing for it. A
 * firmware's UUID that one of them could not read says nothing.
 */
bool vt_identity_is_same_machine(const VtIdentity *a, const VtIdentity *b);

bool vt_identity_is_same_boot(const VtIdentity *a, const VtIdentity *b);
