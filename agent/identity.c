/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/identity.h"

#include <fcntl.h>
#include <string.h>

#include <glib.h>

#include "os/fd.h"

VtIdentityPlaces
vt_identity_places_system(void)
{
    return (VtIdentityPlaces){
        .machine_path = "/etc/machine-id",
        .vm_path = "/sys/class/dmi/id/product_uuid",
        .boot_path = "/proc/sys/kernel/random/boot_id",
    };
}

/* The id at the beginning of the file; "" for a file that has none, or none that fits. */
static void
read_id(const char *path, char ret_id[VT_IDENTITY_BYTES])
{
    char text[VT_IDENTITY_BYTES] = "";
    g_auto(VtFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n_read = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    ret_id[0] = '\0';
    if (n_read <= 0)
        return;
    for (char *at = text; *at != '\0'; at++)
        *at = g_ascii_tolower(*at);
    g_strchomp(text);
    /* "uninitialized" is what a machine-id says before its first boot. */
    if (strspn(text, "0123456789abcdef-") == strlen(text))
        g_strlcpy(ret_id, text, VT_IDENTITY_BYTES);
}

VtIdentity
vt_identity_read(const VtIdentityPlaces *places)
{
    VtIdentity identity;
    read_id(places->machine_path, identity.machine);
    read_id(places->vm_path, identity.vm);
    read_id(places->boot_path, identity.boot);
    return identity;
}

bool
vt_identity_is_same_machine(const VtIdentity *a, const VtIdentity *b)
{
    bool have_vm = a->vm[0] != '\0' && b->vm[0] != '\0';

    if (strcmp(a->machine, b->machine) != 0)
        return false;
    if (have_vm && strcmp(a->vm, b->vm) != 0)
        return false;
    return have_vm || a->machine[0] != '\0';
}

bool
vt_identity_is_same_boot(const VtIdentity *a, const VtIdentity *b)
{
    return a->boot[0] != '\0' && strcmp(a->boot, b->boot) == 0;
}
