/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/vmclock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <glib-unix.h>

#include "base/error.h"

/*
 * A writer needs less than a microsecond. Should it be held up in the middle, some milliseconds
 * of looking are enough; the next tick looks again.
 */
#define MAX_TRIES 20000

#define N_WORDS (VT_VMCLOCK_PAGE_BYTES / sizeof(uint64_t))

struct VtVmclock {
    VtVmclockPlaces places;
    VtVmclockMapping map;
    bool can_tell;
    GSource *source; /* NULL: changes are not told */
    VtVmclockFunc on_update;
    void *user_data;
};

static bool
system_map(void *instance, const char *path, VtVmclockMapping *ret_map, GError **error)
{
    (void)instance;
    g_auto(VtFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return vt_error_set_errno(error, errno, "cannot open '%s'", path);
    /* The driver maps one page of this machine's, no more and no less. */
    size_t n_bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *bytes = mmap(NULL, n_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return vt_error_set_errno(error, errno, "cannot map '%s'", path);
    *ret_map = (VtVmclockMapping){
        .bytes = bytes,
        .n_bytes = n_bytes,
        .fd = vt_fd_steal(&fd),
    };
    return true;
}

/*
 * A descriptor is readable until the page was read through it. A driver without poll is readable
 * always, one whose hypervisor does not notify hangs up at once: neither can be waited for.
 */
static bool
system_arm(void *instance, const VtVmclockMapping *map)
{
    uint8_t bytes[VT_VMCLOCK_PAGE_BYTES];
    struct pollfd poll_fd = { .fd = map->fd, .events = POLLIN };
    (void)instance;
    for (int i = 0; i < 3; i++) {
        if (pread(map->fd, bytes, sizeof bytes, 0) < 0)
            return false;
        if (poll(&poll_fd, 1, 0) == 0)
            return true;
        if ((poll_fd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
            return false;
    }
    return false;
}

static void
system_unmap(void *instance, VtVmclockMapping *map)
{
    (void)instance;
    /* Both are ours and mapped as a whole: this cannot fail. */
    (void)munmap((void *)map->bytes, map->n_bytes);
    vt_fd_close(&map->fd);
}

const VtVmclockKernel vt_vmclock_system = {
    .map = system_map,
    .arm = system_arm,
    .unmap = system_unmap,
};

static uint32_t
load_sequence(const VtVmclock *vmclock, int order)
{
    const uint32_t *place = (const uint32_t *)(vmclock->map.bytes + VT_VMCLOCK_SEQUENCE_OFFSET);
    uint32_t little = order == __ATOMIC_ACQUIRE ? __atomic_load_n(place, __ATOMIC_ACQUIRE)
                                                : __atomic_load_n(place, __ATOMIC_RELAXED);
    return GUINT32_FROM_LE(little);
}

/* False when it was being written. */
static bool
copy_once(const VtVmclock *vmclock, uint64_t words[N_WORDS], uint64_t *ret_counter)
{
    const uint64_t *page = (const uint64_t *)vmclock->map.bytes;
    uint32_t sequence = load_sequence(vmclock, __ATOMIC_ACQUIRE);
    if ((sequence & 1) != 0)
        return false;
    for (size_t i = 0; i < N_WORDS; i++)
        words[i] = __atomic_load_n(&page[i], __ATOMIC_RELAXED);
    *ret_counter = vmclock->places.counter.read(vmclock->places.counter.instance);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return load_sequence(vmclock, __ATOMIC_RELAXED) == sequence;
}

VtVmclockCheck
vt_vmclock_read(const VtVmclock *vmclock, VtVmclockPage *ret_page, uint64_t *ret_counter)
{
    uint64_t words[N_WORDS];
    for (int i = 0; i < MAX_TRIES; i++) {
        uint64_t counter;
        if (!copy_once(vmclock, words, &counter))
            continue;
        *ret_counter = counter;
        return vt_vmclock_page_decode((const uint8_t *)words, sizeof words, ret_page);
    }
    return VT_VMCLOCK_TORN;
}

VtVmclock *
vt_vmclock_new(const VtVmclockPlaces *places, const char *path, GError **error)
{
    VtVmclockPage page;
    uint64_t counter;
    g_autoptr(VtVmclock) vmclock = g_new0(VtVmclock, 1);
    vmclock->places = *places;
    vmclock->map.fd = VT_FD_NONE;
    if (!places->kernel->map(places->instance, path, &vmclock->map, error))
        return NULL;

    VtVmclockCheck check = vmclock->map.n_bytes < VT_VMCLOCK_PAGE_BYTES
                               ? VT_VMCLOCK_SHORT
                               : vt_vmclock_read(vmclock, &page, &counter);
    /* Held up just now it may be good a second later. */
    if (check != VT_VMCLOCK_OK && check != VT_VMCLOCK_TORN) {
        g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED, "'%s' is no vmclock page", path);
        return NULL;
    }
    vmclock->can_tell = places->kernel->arm(places->instance, &vmclock->map);
    return g_steal_pointer(&vmclock);
}

static void
stop_waiting(VtVmclock *vmclock)
{
    if (vmclock->source == NULL)
        return;
    g_source_destroy(vmclock->source);
    g_clear_pointer(&vmclock->source, g_source_unref);
}

void
vt_vmclock_free(VtVmclock *vmclock)
{
    if (vmclock == NULL)
        return;
    stop_waiting(vmclock);
    if (vmclock->map.bytes != NULL)
        vmclock->places.kernel->unmap(vmclock->places.instance, &vmclock->map);
    g_free(vmclock);
}

uint8_t
vt_vmclock_get_counter_id(const VtVmclock *vmclock)
{
    return vmclock->places.counter.id;
}

static gboolean
on_ready(gint fd, GIOCondition condition, gpointer user_data)
{
    VtVmclock *vmclock = user_data;
    (void)fd;
    if ((condition & G_IO_IN) == 0 ||
        !vmclock->places.kernel->arm(vmclock->places.instance, &vmclock->map)) {
        /* It would be ready for ever: the tick looks from now on. */
        vmclock->can_tell = false;
        stop_waiting(vmclock);
    }
    vmclock->on_update(vmclock->user_data);
    return G_SOURCE_CONTINUE;
}

void
vt_vmclock_set_update_func(VtVmclock *vmclock, VtVmclockFunc func, void *user_data)
{
    stop_waiting(vmclock);
    vmclock->on_update = func;
    vmclock->user_data = user_data;
    if (func == NULL || !vmclock->can_tell)
        return;
    vmclock->source = g_unix_fd_source_new(vmclock->map.fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_priority(vmclock->source, G_PRIORITY_HIGH);
    g_source_set_callback(vmclock->source, G_SOURCE_FUNC(on_ready), vmclock, NULL);
    g_source_attach(vmclock->source, g_main_context_get_thread_default());
}

bool
vt_vmclock_can_tell(const VtVmclock *vmclock)
{
    return vmclock->can_tell;
}
