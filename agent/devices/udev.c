/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/udev.h"

#include <errno.h>

#include <glib-unix.h>
#include <libudev.h>

#include "base/error.h"

/* Clocks, which are enumerated, and after them what only tells of changes. */
static const char *const subsystems[] = { "ptp", "misc", "rtc", "cpu", "acpi", "platform" };
#define N_CLOCK_SUBSYSTEMS 3

typedef struct {
    VtUdevFunc func;
    void *user_data;
} Listener;

struct VtUdev {
    struct udev *context;
    struct udev_monitor *monitor; /* NULL: changes are not told */
    GSource *source;
    GArray *listeners; /* Listener */
};

static bool
is_clock(const char *subsystem, const char *name)
{
    if (g_strcmp0(subsystem, "misc") == 0)
        return g_str_has_prefix(name, "vmclock");
    return g_strcmp0(subsystem, "ptp") == 0 || g_strcmp0(subsystem, "rtc") == 0;
}

static VtUdevEvent
describe(struct udev_device *device, VtUdevChange change)
{
    const char *clock_name = udev_device_get_sysattr_value(device, "clock_name");
    const char *vmgenid = udev_device_get_property_value(device, "NEW_VMGENID");
    if (clock_name == NULL)
        clock_name = udev_device_get_sysattr_value(device, "name");
    return (VtUdevEvent){
        .change = change,
        .subsystem = udev_device_get_subsystem(device),
        .name = udev_device_get_sysname(device),
        .path = udev_device_get_devnode(device),
        .clock_name = clock_name,
        .has_new_vmgenid = g_strcmp0(vmgenid, "1") == 0,
    };
}

static void
tell(VtUdev *udev, const VtUdevEvent *event)
{
    for (guint i = 0; i < udev->listeners->len; i++) {
        const Listener *listener = &g_array_index(udev->listeners, Listener, i);
        listener->func(event, listener->user_data);
    }
}

static VtUdevChange
find_change(const char *action)
{
    if (g_strcmp0(action, "add") == 0 || g_strcmp0(action, "online") == 0)
        return VT_UDEV_ADDED;
    if (g_strcmp0(action, "remove") == 0 || g_strcmp0(action, "offline") == 0)
        return VT_UDEV_REMOVED;
    return VT_UDEV_CHANGED;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtUdev *udev = user_data;
    (void)fd;
    (void)condition;
    errno = 0;
    struct udev_device *device = udev_monitor_receive_device(udev->monitor);
    if (device != NULL) {
        VtUdevEvent event = describe(device, find_change(udev_device_get_action(device)));
        tell(udev, &event);
        udev_device_unref(device);
    } else if (errno == ENOBUFS) {
        static const VtUdevEvent lost = { .change = VT_UDEV_LOST_EVENTS };
        tell(udev, &lost);
    }
    return G_SOURCE_CONTINUE;
}

/* Without it the clocks that are there serve all the same. */
static void
watch(VtUdev *udev)
{
    udev->monitor = udev_monitor_new_from_netlink(udev->context, "udev");
    if (udev->monitor == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(subsystems); i++)
        (void)udev_monitor_filter_add_match_subsystem_devtype(udev->monitor, subsystems[i],
                                                              NULL); /* fewer filters: more */
    if (udev_monitor_enable_receiving(udev->monitor) < 0) {
        udev->monitor = udev_monitor_unref(udev->monitor);
        return;
    }
    udev->source = g_unix_fd_source_new(udev_monitor_get_fd(udev->monitor), G_IO_IN);
    g_source_set_callback(udev->source, G_SOURCE_FUNC(on_readable), udev, NULL);
    g_source_attach(udev->source, g_main_context_get_thread_default());
}

VtUdev *
vt_udev_new(GError **error)
{
    struct udev *context = udev_new();
    if (context == NULL) {
        (void)vt_error_set_errno(error, errno, "cannot look for devices");
        return NULL;
    }
    VtUdev *udev = g_new0(VtUdev, 1);
    udev->context = context;
    udev->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    watch(udev);
    return udev;
}

void
vt_udev_free(VtUdev *udev)
{
    if (udev == NULL)
        return;
    if (udev->source != NULL) {
        g_source_destroy(udev->source);
        g_source_unref(udev->source);
    }
    udev_monitor_unref(udev->monitor);
    udev_unref(udev->context);
    g_array_unref(udev->listeners);
    g_free(udev);
}

void
vt_udev_enumerate(VtUdev *udev, VtUdevFunc func, void *user_data)
{
    struct udev_enumerate *enumerate = udev_enumerate_new(udev->context);
    struct udev_list_entry *entry;

    for (size_t i = 0; i < N_CLOCK_SUBSYSTEMS; i++)
        (void)udev_enumerate_add_match_subsystem(enumerate, subsystems[i]);
    (void)udev_enumerate_scan_devices(enumerate); /* fails like an empty machine */
    udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
    {
        struct udev_device *device =
            udev_device_new_from_syspath(udev->context, udev_list_entry_get_name(entry));
        if (device == NULL)
            continue;
        VtUdevEvent event = describe(device, VT_UDEV_IS_THERE);
        if (is_clock(event.subsystem, event.name))
            func(&event, user_data);
        udev_device_unref(device);
    }
    udev_enumerate_unref(enumerate);
}

void
vt_udev_add_listener(VtUdev *udev, VtUdevFunc func, void *user_data)
{
    Listener listener = { .func = func, .user_data = user_data };
    g_array_append_val(udev->listeners, listener);
}

void
vt_udev_remove_listener(VtUdev *udev, VtUdevFunc func, const void *user_data)
{
    for (guint i = 0; i < udev->listeners->len; i++) {
        const Listener *listener = &g_array_index(udev->listeners, Listener, i);
        if (listener->func == func && listener->user_data == user_data) {
            g_array_remove_index(udev->listeners, i);
            return;
        }
    }
}
