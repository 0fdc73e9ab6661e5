/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The vmclock page of this machine (/dev/vmclockN), mapped: a provider reads time from it and a
 * hint watches its marker. A copy is never torn: the page's sequence count was even and the same
 * before and after it, and the counter was read in between.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/devices/counter.h"
#include "os/fd.h"
#include "proto/vmclock-page.h"

typedef struct {
    const uint8_t *bytes; /* written by somebody else all the while */
    size_t n_bytes;
    VtFd fd;
} VtVmclockMapping;

/* How the page comes here; tests bring one of their own. */
typedef struct {
    bool (*map)(void *instance, const char *path, VtVmclockMapping *ret_map, GError **error);
    /* Whether @map's descriptor can be polled, and from now on waits for the next update. */
    bool (*arm)(void *instance, const VtVmclockMapping *map);
    void (*unmap)(void *instance, VtVmclockMapping *map);
} VtVmclockKernel;

/* The kernel's driver; its instance is NULL. */
extern const VtVmclockKernel vt_vmclock_system;

typedef struct {
    const VtVmclockKernel *kernel;
    void *instance;
    VtCounter counter;
} VtVmclockPlaces;

typedef void (*VtVmclockFunc)(void *user_data);

typedef struct VtVmclock VtVmclock;

/* What @places names must outlive it. Transfer full; NULL on failure, also for what is no page. */
VtVmclock *vt_vmclock_new(const VtVmclockPlaces *places,
                          const char *path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_vmclock_free(VtVmclock *vmclock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtVmclock, vt_vmclock_free)

/* The page, and the counter while it was so. TORN when its writer does not come to an end. */
VtVmclockCheck
vt_vmclock_read(const VtVmclock *vmclock, VtVmclockPage *ret_page, uint64_t *ret_counter);

uint8_t vt_vmclock_get_counter_id(const VtVmclock *vmclock);

/*
 * Calls @func when the hypervisor changed the page, where hypervisor and kernel tell of that;
 * else never. @func NULL: nobody wants to know any more.
 */
void vt_vmclock_set_update_func(VtVmclock *vmclock, VtVmclockFunc func, void *user_data);

/* Whether changes are told. */
bool vt_vmclock_can_tell(const VtVmclock *vmclock);
