/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <glib-unix.h>

#include "base/error.h"
#include "os/fd.h"

/* More than one queue of the link ever holds; a larger backlog takes more turns. */
#define READ_BYTES 4096

struct VtPort {
    VtFd fd;
    GSource *source; /* NULL while the host side is closed */
    bool is_gone;
    const VtPortListener *listener;
    void *user_data;
};

VtPortPlaces
vt_port_places_system(void)
{
    return (VtPortPlaces){
        .sysfs_path = "/sys/class/virtio-ports",
        .device_path = "/dev",
    };
}

static bool
has_name(const char *sysfs_path, const char *node, const char *name)
{
    g_autofree char *path = g_build_filename(sysfs_path, node, "name", NULL);
    g_autofree char *content = NULL;
    if (!g_file_get_contents(path, &content, NULL, NULL))
        return false;
    return strcmp(g_strstrip(content), name) == 0;
}

/* The name of the device node, from sysfs: udev's symlink is missing in an initramfs. */
static char *
find_node(const VtPortPlaces *places, const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(places->sysfs_path, 0, NULL);
    if (folder == NULL)
        return NULL;
    for (const char *node = g_dir_read_name(folder); node != NULL;
         node = g_dir_read_name(folder)) {
        if (has_name(places->sysfs_path, node, name))
            return g_strdup(node);
    }
    return NULL;
}

/*
 * SIGIO tells when the host side comes; without it the tick finds out. While the port is in the
 * poll set it would only repeat what poll says, for every byte that arrives.
 */
static void
set_async(int fd, bool is_async)
{
    (void)fcntl(fd, F_SETOWN, getpid());
    (void)fcntl(fd, F_SETFL, is_async ? O_NONBLOCK | O_ASYNC : O_NONBLOCK);
}

VtPort *
vt_port_open(const VtPortPlaces *places,
             const char *name,
             const VtPortListener *listener,
             void *user_data,
             GError **error)
{
    g_autofree char *node = find_node(places, name);
    if (node == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND, "no virtio port is named '%s'", name);
        return NULL;
    }

    g_autofree char *path = g_build_filename(places->device_path, node, NULL);
    g_auto(VtFd) fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        vt_error_set_errno(error, errno, "cannot open '%s'", path);
        return NULL;
    }

    set_async(fd, true);
    VtPort *port = g_new0(VtPort, 1);
    port->fd = vt_fd_steal(&fd);
    port->listener = listener;
    port->user_data = user_data;
    return port;
}

static void
leave_poll_set(VtPort *port)
{
    if (port->source == NULL)
        return;
    g_source_destroy(port->source);
    g_clear_pointer(&port->source, g_source_unref);
}

static void
close_host_side(VtPort *port)
{
    if (port->source == NULL)
        return;
    leave_poll_set(port);
    set_async(port->fd, true);
    port->listener->on_closed(port->user_data);
    /* It may have come back before the signal was asked for. */
    vt_port_probe(port);
}

/* Reads until nothing is left: what is acted upon is then the newest that the host sent. */
static void
drain(VtPort *port)
{
    uint8_t bytes[READ_BYTES];

    for (;;) {
        ssize_t n_bytes = read(port->fd, bytes, sizeof bytes);
        if (n_bytes > 0) {
            port->listener->on_bytes(bytes, (size_t)n_bytes, port->user_data);
            continue;
        }
        if (n_bytes < 0 && errno == EINTR)
            continue;
        if (n_bytes < 0 && errno == EAGAIN)
            return;
        /* 0 is a closed host side; ENODEV and the like mean that the device is gone. */
        if (n_bytes < 0)
            port->is_gone = true;
        close_host_side(port);
        return;
    }
}

static gboolean
on_ready(gint fd, GIOCondition condition, gpointer user_data)
{
    (void)fd;
    (void)condition;
    drain(user_data);
    return G_SOURCE_CONTINUE;
}

static void
enter_poll_set(VtPort *port)
{
    set_async(port->fd, false);
    port->source = g_unix_fd_source_new(port->fd, G_IO_IN);
    g_source_set_priority(port->source, G_PRIORITY_HIGH);
    /* It never does, but blocking it meanwhile costs GLib another turn of the loop. */
    g_source_set_can_recurse(port->source, TRUE);
    g_source_set_callback(port->source, G_SOURCE_FUNC(on_ready), port, NULL);
    g_source_attach(port->source, g_main_context_get_thread_default());
}

void
vt_port_probe(VtPort *port)
{
    if (port->is_gone)
        return;

    struct pollfd look = { .fd = port->fd, .events = POLLIN };
    if (poll(&look, 1, 0) < 0)
        return;
    if ((look.revents & (POLLHUP | POLLERR)) != 0) {
        /* What came before the host side closed is still to be read. */
        if (port->source != NULL)
            drain(port);
        close_host_side(port);
        return;
    }
    if (port->source == NULL) {
        enter_poll_set(port);
        port->listener->on_opened(port->user_data);
    }
}

bool
vt_port_is_gone(const VtPort *port)
{
    return port->is_gone;
}

bool
vt_port_send(VtPort *port, const uint8_t *bytes, size_t n_bytes)
{
    if (port->source == NULL)
        return false;
    /* A port takes a buffer of this size whole or, when its queue is full, not at all. */
    ssize_t n_sent = write(port->fd, bytes, n_bytes);
    return n_sent == (ssize_t)n_bytes;
}

void
vt_port_free(VtPort *port)
{
    if (port == NULL)
        return;
    leave_poll_set(port);
    vt_fd_close(&port->fd);
    g_free(port);
}
