/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/state-folder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <gio/gio.h>

#include "os/fd.h"
#include "os/state-write.h"

/* A disruption is some 500 bytes; a thousand of them an hour would be a sick hypervisor. */
#define MAX_WAITING 64

#define FREE_TIMEOUT_MS 500

#define TAIL_BYTES       (256 * 1024)
#define SMALL_FILE_BYTES 4096

typedef struct {
    bool is_append; /* else replace */
    char *name;
    char *text;
} Write;

/*
 * What the worker and the daemon share. The worker holds a reference of its own: a daemon that
 * ends does not wait for a file system that hangs.
 */
typedef struct {
    gatomicrefcount n_refs;
    char *path;
    GMutex mutex; /* of all below */
    GCond idle;
    GQueue waiting; /* of Write */
    bool is_writing;
    uint64_t n_lost;
} Shared;

struct VtStateFolder {
    Shared *shared;
    GCancellable *cancellable; /* of the worker's word to us */
    VtStateProblemFunc on_problem;
    void *user_data;
    bool has_problem;
};

static void
write_free(gpointer data)
{
    Write *write = data;
    g_free(write->name);
    g_free(write->text);
    g_free(write);
}

static void
shared_unref(gpointer data)
{
    Shared *shared = data;
    if (!g_atomic_ref_count_dec(&shared->n_refs))
        return;
    g_queue_clear_full(&shared->waiting, write_free);
    g_mutex_clear(&shared->mutex);
    g_cond_clear(&shared->idle);
    g_free(shared->path);
    g_free(shared);
}

static bool
carry_out(const char *path, const Write *write, bool is_last, GError **error)
{
    if (!write->is_append)
        return vt_state_replace(path, write->name, write->text, error);
    return vt_state_append(path, write->name, write->text, error) &&
           (!is_last || vt_state_sync(path, write->name, error));
}

/* NULL when nothing waits: the worker is then over, as seen under the same lock. */
static Write *
take_next(Shared *shared, bool *ret_is_last)
{
    g_mutex_lock(&shared->mutex);
    Write *write = g_queue_pop_head(&shared->waiting);
    *ret_is_last = g_queue_is_empty(&shared->waiting);
    if (write == NULL) {
        shared->is_writing = false;
        g_cond_broadcast(&shared->idle);
    }
    g_mutex_unlock(&shared->mutex);
    return write;
}

static void
count_lost(Shared *shared)
{
    g_mutex_lock(&shared->mutex);
    shared->n_lost += 1;
    g_mutex_unlock(&shared->mutex);
}

static void
write_in_worker(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    Shared *shared = task_data;
    g_autoptr(GError) problem = NULL;
    Write *write;
    bool is_last = false;

    (void)source;
    (void)cancellable;
    while ((write = take_next(shared, &is_last)) != NULL) {
        g_clear_error(&problem);
        if (!carry_out(shared->path, write, is_last, &problem))
            count_lost(shared);
        write_free(write);
    }
    if (problem != NULL)
        g_task_return_error(task, g_steal_pointer(&problem));
    else
        g_task_return_boolean(task, TRUE);
}

static void
on_written(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    (void)source;
    (void)g_task_propagate_boolean(G_TASK(result), &error); /* @error tells */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the folder is gone */

    VtStateFolder *folder = user_data;
    bool had_problem = folder->has_problem;
    folder->has_problem = error != NULL;
    if (folder->has_problem && !had_problem && folder->on_problem != NULL)
        folder->on_problem(error, folder->user_data);
}

static void
start_worker(VtStateFolder *folder)
{
    g_autoptr(GTask) task = g_task_new(NULL, folder->cancellable, on_written, folder);
    g_atomic_ref_count_inc(&folder->shared->n_refs);
    g_task_set_task_data(task, folder->shared, shared_unref);
    g_task_run_in_thread(task, write_in_worker);
}

VtStateFolder *
vt_state_folder_new(const char *path, VtStateProblemFunc on_problem, void *user_data)
{
    VtStateFolder *folder = g_new0(VtStateFolder, 1);
    folder->shared = g_new0(Shared, 1);
    g_atomic_ref_count_init(&folder->shared->n_refs);
    g_mutex_init(&folder->shared->mutex);
    g_cond_init(&folder->shared->idle);
    folder->shared->path = g_strdup(path);
    folder->cancellable = g_cancellable_new();
    folder->on_problem = on_problem;
    folder->user_data = user_data;
    return folder;
}

bool
vt_state_folder_flush(VtStateFolder *folder, unsigned timeout_ms)
{
    Shared *shared = folder->shared;
    gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    bool in_time = true;

    g_mutex_lock(&shared->mutex);
    while (shared->is_writing && in_time)
        in_time = g_cond_wait_until(&shared->idle, &shared->mutex, until);
    bool is_done = !shared->is_writing;
    g_mutex_unlock(&shared->mutex);
    return is_done;
}

void
vt_state_folder_free(VtStateFolder *folder)
{
    if (folder == NULL)
        return;
    (void)vt_state_folder_flush(folder, FREE_TIMEOUT_MS); /* the worker ends by itself */
    g_cancellable_cancel(folder->cancellable);
    g_object_unref(folder->cancellable);
    shared_unref(folder->shared);
    g_free(folder);
}

/* A small file that waits already is replaced where it stands. */
static bool
replace_waiting(Shared *shared, const Write *write)
{
    for (GList *item = shared->waiting.head; item != NULL; item = item->next) {
        Write *other = item->data;
        if (write->is_append || other->is_append || strcmp(other->name, write->name) != 0)
            continue;
        g_free(other->text);
        other->text = g_strdup(write->text);
        return true;
    }
    return false;
}

static void
hand_over(VtStateFolder *folder, const Write *write)
{
    Shared *shared = folder->shared;
    bool needs_worker = false;

    g_mutex_lock(&shared->mutex);
    if (replace_waiting(shared, write)) {
        /* a worker is on its way to it */
    } else if (g_queue_get_length(&shared->waiting) >= MAX_WAITING) {
        shared->n_lost += 1;
    } else {
        Write *own = g_memdup2(write, sizeof *write);
        own->name = g_strdup(write->name);
        own->text = g_strdup(write->text);
        g_queue_push_tail(&shared->waiting, own);
        needs_worker = !shared->is_writing;
        shared->is_writing = true;
    }
    g_mutex_unlock(&shared->mutex);
    if (needs_worker)
        start_worker(folder);
}

void
vt_state_folder_append(VtStateFolder *folder, const char *name, const char *line)
{
    Write write = { .is_append = true, .name = (char *)name, .text = (char *)line };
    hand_over(folder, &write);
}

void
vt_state_folder_replace(VtStateFolder *folder, const char *name, const char *text)
{
    Write write = { .name = (char *)name, .text = (char *)text };
    hand_over(folder, &write);
}

uint64_t
vt_state_folder_get_n_lost(VtStateFolder *folder)
{
    g_mutex_lock(&folder->shared->mutex);
    uint64_t n_lost = folder->shared->n_lost;
    g_mutex_unlock(&folder->shared->mutex);
    return n_lost;
}

/* The last @n_most bytes of a regular file; empty if it cannot be read. */
static GString *
read_end(const char *path, size_t n_most)
{
    GString *text = g_string_new(NULL);
    g_auto(VtFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return text;
    off_t from = status.st_size > (off_t)n_most ? status.st_size - (off_t)n_most : 0;
    g_string_set_size(text, (gsize)(status.st_size - from));
    ssize_t n_read = pread(fd, text->str, text->len, from);
    g_string_truncate(text, n_read > 0 ? (gsize)n_read : 0);
    /* Begun in the middle: what stands before the first newline is half a line. */
    const char *newline = from > 0 ? memchr(text->str, '\n', text->len) : NULL;
    if (newline != NULL)
        g_string_erase(text, 0, newline + 1 - text->str);
    return text;
}

/* Appends the lines of @text, each ended by a newline or the end, @n_lines at most. */
static void
add_last_lines(GStrvBuilder *builder, const GString *text, unsigned n_lines)
{
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    unsigned n_found = g_strv_length(lines);

    if (n_found > 0 && *lines[n_found - 1] == '\0')
        n_found -= 1;
    for (unsigned i = n_found > n_lines ? n_found - n_lines : 0; i < n_found; i++)
        g_strv_builder_add(builder, lines[i]);
}

GStrv
vt_state_folder_read_tail(VtStateFolder *folder, const char *name, unsigned n_lines)
{
    g_autofree char *path = g_build_filename(folder->shared->path, name, NULL);
    g_autofree char *old_path = g_strconcat(path, ".1", NULL);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autoptr(GString) text = read_end(path, TAIL_BYTES);

    /* Right after a rotation the newest lines are in the old file. */
    if (text->len < TAIL_BYTES / 2) {
        g_autoptr(GString) old = read_end(old_path, TAIL_BYTES - text->len);
        g_string_prepend_len(text, old->str, (gssize)old->len);
    }
    add_last_lines(builder, text, n_lines);
    return g_strv_builder_end(builder);
}

char *
vt_state_folder_read(VtStateFolder *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder->shared->path, name, NULL);
    g_autoptr(GString) text = read_end(path, SMALL_FILE_BYTES);

    if (text->len == 0 || text->len >= SMALL_FILE_BYTES)
        return NULL;
    return g_strndup(text->str, text->len);
}
