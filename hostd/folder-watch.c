/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/folder-watch.h"

#include <sys/inotify.h>

#include <glib-unix.h>

#include "os/fd.h"

/* libvirt: channel/target/domain-ID-NAME/SOCKET, or channel/ID-NAME/SOCKET. */
#define MAX_LEVELS 3

/* A host has some hundred domains; this only bounds what a strange folder can cost. */
#define MAX_WATCHES 8192

/* Folders never follow a link: a watch is only a hint, but not on something foreign. */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)

typedef struct {
    char *path;
    unsigned level;
} Watched;

struct VtFolderWatch {
    char **folders;
    VtFolderWatchFunc func;
    void *user_data;
    VtFd fd; /* VT_FD_NONE: no inotify to be had */
    GSource *source;
    GHashTable *watched; /* descriptor -> Watched */
};

static void
watched_free(gpointer data)
{
    Watched *watched = data;
    g_free(watched->path);
    g_free(watched);
}

static void
add_folder(VtFolderWatch *watch, const char *path, unsigned level)
{
    if (watch->fd < 0 || level >= MAX_LEVELS ||
        g_hash_table_size(watch->watched) >= MAX_WATCHES)
        return;
    int descriptor = inotify_add_watch(watch->fd, path, EVENTS);
    if (descriptor < 0)
        return; /* not there, not a folder, or no watch left */

    Watched *watched = g_new0(Watched, 1);
    watched->path = g_strdup(path);
    watched->level = level;
    /* The same folder has the same descriptor: once more replaces it. */
    g_hash_table_insert(watch->watched, GINT_TO_POINTER(descriptor), watched);

    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    if (folder == NULL)
        return;
    for (const char *name = g_dir_read_name(folder); name != NULL;
         name = g_dir_read_name(folder)) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        add_folder(watch, below, level + 1);
    }
}

static void
take_event(VtFolderWatch *watch, const struct inotify_event *event)
{
    gpointer key = GINT_TO_POINTER(event->wd);
    const Watched *watched = g_hash_table_lookup(watch->watched, key);

    if ((event->mask & IN_IGNORED) != 0) {
        g_hash_table_remove(watch->watched, key);
        return;
    }
    /* The kernel dropped some: what they told of is not known. */
    if (watched == NULL || event->len == 0) {
        watch->func(NULL, watch->user_data);
        return;
    }
    g_autofree char *below = g_build_filename(watched->path, event->name, NULL);
    if ((event->mask & IN_ISDIR) != 0)
        add_folder(watch, below, watched->level + 1);
    watch->func(below, watch->user_data);
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtFolderWatch *watch = user_data;
    _Alignas(struct inotify_event) char buffer[4096];

    (void)condition;
    ssize_t n_read = read(fd, buffer, sizeof buffer);
    for (ssize_t place = 0; place < n_read;) {
        const struct inotify_event *event = (const void *)(buffer + place);
        take_event(watch, event);
        place += (ssize_t)(sizeof *event + event->len);
    }
    return G_SOURCE_CONTINUE;
}

VtFolderWatch *
vt_folder_watch_new(const char *const *folders, VtFolderWatchFunc func, void *user_data)
{
    VtFolderWatch *watch = g_new0(VtFolderWatch, 1);
    watch->folders = g_strdupv((char **)folders);
    watch->func = func;
    watch->user_data = user_data;
    watch->watched = g_hash_table_new_full(NULL, NULL, NULL, watched_free);
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd >= 0) {
        watch->source = g_unix_fd_source_new(watch->fd, G_IO_IN);
        g_source_set_callback(watch->source, G_SOURCE_FUNC(on_readable), watch, NULL);
        g_source_attach(watch->source, g_main_context_get_thread_default());
    }
    vt_folder_watch_refresh(watch);
    return watch;
}

void
vt_folder_watch_free(VtFolderWatch *watch)
{
    if (watch == NULL)
        return;
    if (watch->source != NULL) {
        g_source_destroy(watch->source);
        g_source_unref(watch->source);
    }
    vt_fd_close(&watch->fd);
    g_hash_table_unref(watch->watched);
    g_strfreev(watch->folders);
    g_free(watch);
}

bool
vt_folder_watch_works(const VtFolderWatch *watch)
{
    return watch->fd >= 0 && g_hash_table_size(watch->watched) > 0;
}

void
vt_folder_watch_refresh(VtFolderWatch *watch)
{
    for (size_t i = 0; watch->folders[i] != NULL; i++)
        add_folder(watch, watch->folders[i], 0);
}
