/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/entry-watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "os/fd.h"

#define SIGNS (IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)

/* Some dozens of events at a time. */
#define BUFFER_BYTES 4096

struct VtEntryWatch {
    VtFd fd;
    size_t n_watched;
    guint source_id;
    VtEntryFunc on_entry;
    void *user_data;
};

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtEntryWatch *watch = user_data;
    char buffer[BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
    (void)condition;

    ssize_t n_bytes = read(fd, buffer, sizeof buffer);
    for (ssize_t at = 0; at < n_bytes;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
        at += (ssize_t)(sizeof *event + event->len);
        if (event->len > 0)
            watch->on_entry(event->name, watch->user_data);
    }
    return G_SOURCE_CONTINUE;
}

VtEntryWatch *
vt_entry_watch_new(const char *const *folders, VtEntryFunc on_entry, void *user_data)
{
    VtEntryWatch *watch = g_new0(VtEntryWatch, 1);
    watch->on_entry = on_entry;
    watch->user_data = user_data;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (size_t i = 0; watch->fd >= 0 && folders[i] != NULL; i++) {
        if (inotify_add_watch(watch->fd, folders[i], SIGNS | IN_ONLYDIR) >= 0)
            watch->n_watched++;
    }
    if (watch->n_watched > 0)
        watch->source_id = g_unix_fd_add(watch->fd, G_IO_IN, on_readable, watch);
    return watch;
}

void
vt_entry_watch_free(VtEntryWatch *watch)
{
    if (watch == NULL)
        return;
    g_clear_handle_id(&watch->source_id, g_source_remove);
    vt_fd_close(&watch->fd);
    g_free(watch);
}

size_t
vt_entry_watch_count(const VtEntryWatch *watch)
{
    return watch->n_watched;
}
