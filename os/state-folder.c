/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/state-folder.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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
    GMainContext *context; /* of the daemon */
    VtStateFolder *folder; /* for the daemon's own thread; NULL: it is gone */
    GMutex mutex;          /* of all below */
    GCond idle;
    GQueue waiting; /* of Write */
    bool is_writing;
    uint64_t n_lost;
} Shared;

/* The worker's last word to the daemon. */
typedef struct {
    Shared *shared;
    GError *problem; /* NULL: all was written */
} Report;

struct VtStateFolder {
    Shared *shared;
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
    g_main_context_unref(shared->context);
    g_free(shared->path);
    g_free(shared);
}

static Shared *
shared_ref(Shared *shared)
{
    g_atomic_ref_count_inc(&shared->n_refs);
    return shared;
}

static void
report_free(gpointer data)
{
    Report *report = data;
    shared_unref(report->shared);
    g_clear_error(&report->problem);
    g_free(report);
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

static gboolean
on_written(gpointer user_data)
{
    const Report *report = user_data;
    VtStateFolder *folder = report->shared->folder;
    if (folder == NULL)
        return G_SOURCE_REMOVE;

    bool had_problem = folder->has_problem;
    folder->has_problem = report->problem != NULL;
    if (folder->has_problem && !had_problem && folder->on_problem != NULL)
        folder->on_problem(report->problem, folder->user_data);
    return G_SOURCE_REMOVE;
}

/* Takes @problem, and the worker's reference to @shared. */
static void
send_report(Shared *shared, GError *problem)
{
    Report *report = g_new0(Report, 1);
    g_autoptr(GSource) source = g_idle_source_new();
    report->shared = shared;
    report->problem = problem;
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, on_written, report, report_free);
    g_source_attach(source, shared->context);
}

static gpointer
write_in_worker(gpointer user_data)
{
    Shared *shared = user_data;
    GError *problem = NULL;
    Write *write;
    bool is_last = false;

    while ((write = take_next(shared, &is_last)) != NULL) {
        g_clear_error(&problem);
        if (!carry_out(shared->path, write, is_last, &problem))
            count_lost(shared);
        write_free(write);
    }
    send_report(shared, problem);
    return NULL;
}

/*
 * A plain thread, which ends with its work: GLib's pool of workers would keep two more of its own
 * for ever.
 */
static void
start_worker(VtStateFolder *folder)
{
    Shared *shared = shared_ref(folder->shared);
    GError *problem = NULL;
    GThread *worker = g_thread_try_new("state-folder", write_in_worker, shared, &problem);
    if (worker != NULL) {
        g_thread_unref(worker);
        return;
    }
    Write *write;
    bool is_last;
    while ((write = take_next(shared, &is_last)) != NULL) {
        count_lost(shared);
        write_free(write);
    }
    send_report(shared, problem);
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
    folder->shared->context = g_main_context_ref_thread_default();
    folder->shared->folder = folder;
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
    folder->shared->folder = NULL;
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
