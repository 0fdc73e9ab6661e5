/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/opener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "base/error.h"
#include "hostd/folder-watch.h"
#include "hostd/opener-find.h"
#include "os/fd-message.h"
#include "proto/opener-message.h"

/* Each waits for one domain; more than hosts have that were saved and not undefined. */
#define MAX_REQUESTS 512

/* Time to say what is wanted, after connecting. */
#define REQUEST_TIME_MS 5000

/* A libvirtd that hangs is given up after some 20 s. */
#define OPEN_TIME_MS 25000
#define MAX_WAIT_MS  (3600 * 1000)

/*
 * While a domain starts, its folder, its socket and its XML appear one after another within
 * some hundred milliseconds; besides, a look now and then is enough, and where the kernel tells
 * of what appears, hardly any. Each look is a connection to libvirt.
 */
#define EAGER_MS      20
#define EAGER_TIME_US (2 * G_USEC_PER_SEC)
#define LAZY_MS       1000
#define IDLE_MS       60000

/* Of a domain's name, at the least, libvirt puts so much into that of its folder. */
#define N_NAME_BYTES 20

struct VtOpener {
    VtFd listen_fd;
    uid_t caller;
    char **uris;
    char **folders;
    GSource *source;
    VtFolderWatch *watch;
    GPtrArray *requests; /* of Request, owned */
    uint64_t n_served;
};

typedef struct {
    VtOpener *opener;
    VtFd fd;
    GSource *source;
    GSource *deadline;
    GSource *retry;
    GCancellable *cancellable;
    bool is_asked;   /* the request was read */
    bool is_looking; /* a worker is at it */
    bool is_soon;    /* the next look is no more than LAZY_MS away */
    int64_t eager_until_us;
    char *name; /* the beginning of the domain's; NULL: not known */
    VtOpenerRequest message;
} Request;

static void look(Request *request);

static void
clear_source(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void
request_free(gpointer data)
{
    Request *request = data;
    g_cancellable_cancel(request->cancellable);
    g_object_unref(request->cancellable);
    clear_source(&request->source);
    clear_source(&request->deadline);
    clear_source(&request->retry);
    vt_fd_close(&request->fd);
    g_free(request->name);
    g_free(request);
}

static void
set_timer(GSource **source, guint interval_ms, GSourceFunc func, Request *request)
{
    clear_source(source);
    *source = g_timeout_source_new(interval_ms);
    g_source_set_callback(*source, func, request, NULL);
    g_source_attach(*source, g_main_context_get_thread_default());
}

static void
send_reply(int socket_fd, VtOpenerCode code, const char *text, int channel_fd)
{
    VtOpenerReply reply = { .code = (uint8_t)code };
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES];

    g_strlcpy(reply.text, text, sizeof reply.text);
    size_t n_bytes = vt_opener_reply_encode(&reply, bytes);
    /* An asker that has gone sees the hang-up, and so does one that does not read. */
    (void)vt_fd_message_send(socket_fd, bytes, n_bytes, channel_fd);
}

/* Frees @request. */
static void
answer(Request *request, VtOpenerCode code, const char *text, int channel_fd)
{
    send_reply(request->fd, code, text, channel_fd);
    if (code != VT_OPENER_OK)
        g_debug("'%s': %s", request->message.uuid, text);
    g_ptr_array_remove_fast(request->opener->requests, request);
}

static VtOpenerCode
code_of(const GError *error)
{
    if (g_error_matches(error, VT_ERROR, VT_ERROR_NOT_FOUND))
        return VT_OPENER_NOT_FOUND;
    if (g_error_matches(error, VT_ERROR, VT_ERROR_BUSY))
        return VT_OPENER_BUSY;
    if (g_error_matches(error, VT_ERROR, VT_ERROR_DENIED))
        return VT_OPENER_DENIED;
    return VT_OPENER_FAILED;
}

/* What a worker needs: copies, since the request may end before it does. */
typedef struct {
    VtOpenerRequest message;
    char **folders;
    char *name; /* found on the way; may stay NULL */
} Search;

static void
search_free(gpointer data)
{
    Search *search = data;
    g_strfreev(search->folders);
    g_free(search->name);
    g_free(search);
}

static void
found_free(gpointer data)
{
    VtFd *found = data;
    vt_fd_close(found);
    g_free(found);
}

static void
search_in_worker(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    Search *search = task_data;
    g_autoptr(GError) error = NULL;

    (void)source;
    (void)cancellable;
    VtFd fd = vt_opener_find(search->message.uri, search->message.uuid,
                             (const char *const *)search->folders, &search->name, &error);
    if (fd < 0) {
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    /* Boxed, so that the task closes it if the asker has gone meanwhile. */
    VtFd *found = g_new(VtFd, 1);
    *found = fd;
    g_task_return_pointer(task, found, found_free);
}

static gboolean
on_retry(gpointer user_data)
{
    Request *request = user_data;
    clear_source(&request->retry);
    look(request);
    return G_SOURCE_REMOVE;
}

static void
look_again_later(Request *request)
{
    guint wait_ms = vt_folder_watch_works(request->opener->watch) ? IDLE_MS : LAZY_MS;
    if (g_get_monotonic_time() < request->eager_until_us)
        wait_ms = EAGER_MS;
    request->is_soon = wait_ms <= LAZY_MS;
    set_timer(&request->retry, wait_ms, on_retry, request);
}

static void
learn_name(Request *request, const Search *search)
{
    if (search->name == NULL || request->name != NULL)
        return;
    request->name = g_strndup(search->name, N_NAME_BYTES);
    /* Not half a character: libvirt counts them. */
    const char *end;
    (void)g_utf8_validate(request->name, -1, &end);
    request->name[end - request->name] = '\0';
}

static void
on_searched(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    VtFd *found = g_task_propagate_pointer(G_TASK(result), &error);

    (void)source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the request is gone */

    Request *request = user_data;
    request->is_looking = false;
    learn_name(request, g_task_get_task_data(G_TASK(result)));
    if (error == NULL) {
        answer(request, VT_OPENER_OK, "", *found);
        found_free(found);
        return;
    }
    VtOpenerCode code = code_of(error);
    bool may_come = code == VT_OPENER_NOT_FOUND || code == VT_OPENER_FAILED;
    if (request->message.kind == VT_OPENER_WAIT && may_come)
        look_again_later(request);
    else
        answer(request, code, error->message, VT_FD_NONE);
}

static void
look(Request *request)
{
    Search *search = g_new0(Search, 1);
    search->message = request->message;
    search->folders = g_strdupv(request->opener->folders);

    request->is_looking = true;
    g_autoptr(GTask) task = g_task_new(NULL, request->cancellable, on_searched, request);
    g_task_set_task_data(task, search, search_free);
    g_task_run_in_thread(task, search_in_worker);
}

static gboolean
on_deadline(gpointer user_data)
{
    Request *request = user_data;
    if (request->is_asked)
        answer(request, VT_OPENER_TIMED_OUT, "the channel's socket did not appear", VT_FD_NONE);
    else
        answer(request, VT_OPENER_INVALID, "no request came", VT_FD_NONE);
    return G_SOURCE_REMOVE;
}

static void
begin(Request *request)
{
    if (!g_strv_contains((const char *const *)request->opener->uris, request->message.uri)) {
        answer(request, VT_OPENER_DENIED, "the opener's settings do not name this libvirt URI",
               VT_FD_NONE);
        return;
    }
    uint32_t limit_ms = request->message.kind == VT_OPENER_WAIT
                            ? CLAMP(request->message.time_limit_ms, 1, MAX_WAIT_MS)
                            : OPEN_TIME_MS;
    set_timer(&request->deadline, limit_ms, on_deadline, request);
    vt_folder_watch_refresh(request->opener->watch);
    look(request);
}

static gboolean
on_request(gint fd, GIOCondition condition, gpointer user_data)
{
    Request *request = user_data;
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];
    g_auto(VtFd) passed_fd = VT_FD_NONE;

    (void)condition;
    ssize_t n_bytes = vt_fd_message_receive(fd, bytes, sizeof bytes, &passed_fd);
    if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    /* The asker has gone, or says more than its one request. */
    if (n_bytes == 0 || request->is_asked) {
        g_ptr_array_remove_fast(request->opener->requests, request);
        return G_SOURCE_REMOVE;
    }
    if (n_bytes < 0 || passed_fd != VT_FD_NONE ||
        !vt_opener_request_decode(bytes, (size_t)n_bytes, &request->message)) {
        answer(request, VT_OPENER_INVALID, "malformed request", VT_FD_NONE);
        return G_SOURCE_REMOVE;
    }
    request->is_asked = true;
    begin(request);
    return G_SOURCE_CONTINUE;
}

/* Who connected; what happens to that process later makes no difference. */
static bool
is_welcome(const VtOpener *opener, int fd)
{
    struct ucred peer;
    socklen_t n_peer = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n_peer) < 0)
        return false;
    if (peer.uid == opener->caller || peer.uid == 0)
        return true;
    g_message("user %u asked for a channel and was refused", (unsigned)peer.uid);
    return false;
}

/* What was sent is taken first: a hang-up on unread bytes would destroy the answer. */
static void
turn_away(int fd, VtOpenerCode code, const char *text)
{
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];
    g_auto(VtFd) passed_fd = VT_FD_NONE;
    (void)vt_fd_message_receive(fd, bytes, sizeof bytes, &passed_fd); /* or nothing yet */
    send_reply(fd, code, text, VT_FD_NONE);
}

static gboolean
on_caller(gint listen_fd, GIOCondition condition, gpointer user_data)
{
    VtOpener *opener = user_data;
    g_auto(VtFd) fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)condition;
    if (fd < 0)
        return G_SOURCE_CONTINUE; /* gone again */
    opener->n_served += 1;
    if (!is_welcome(opener, fd)) {
        turn_away(fd, VT_OPENER_DENIED, "this user may not ask");
        return G_SOURCE_CONTINUE;
    }
    if (opener->requests->len >= MAX_REQUESTS) {
        turn_away(fd, VT_OPENER_BUSY, "too many requests at once");
        return G_SOURCE_CONTINUE;
    }

    Request *request = g_new0(Request, 1);
    request->opener = opener;
    request->cancellable = g_cancellable_new();
    request->fd = vt_fd_steal(&fd);
    request->source = g_unix_fd_source_new(request->fd, G_IO_IN);
    g_source_set_callback(request->source, G_SOURCE_FUNC(on_request), request, NULL);
    g_source_attach(request->source, g_main_context_get_thread_default());
    set_timer(&request->deadline, REQUEST_TIME_MS, on_deadline, request);
    g_ptr_array_add(opener->requests, request);
    return G_SOURCE_CONTINUE;
}

/* The folders of a host with many saved domains change with each one that starts. */
static bool
may_concern(const Request *request, const char *path)
{
    return path == NULL || request->name == NULL || strstr(path, request->name) != NULL;
}

static void
on_folders_changed(const char *path, void *user_data)
{
    VtOpener *opener = user_data;
    for (guint i = 0; i < opener->requests->len; i++) {
        Request *request = opener->requests->pdata[i];
        if (!request->is_asked)
            continue;
        if (!may_concern(request, path)) {
            /* Unless its channel lies where somebody else chose. */
            if (request->retry != NULL && !request->is_soon)
                set_timer(&request->retry, LAZY_MS, on_retry, request);
            request->is_soon = true;
            continue;
        }
        request->eager_until_us = g_get_monotonic_time() + EAGER_TIME_US;
        /* A worker that is at it may have looked too early: its end asks again, eagerly. */
        if (request->retry == NULL || request->is_looking)
            continue;
        clear_source(&request->retry);
        look(request);
    }
}

VtOpener *
vt_opener_new(const VtOpenerParams *params)
{
    VtOpener *opener = g_new0(VtOpener, 1);
    opener->listen_fd = params->listen_fd;
    opener->caller = params->caller;
    opener->uris = g_strdupv((char **)params->uris);
    opener->folders = g_strdupv((char **)params->folders);
    opener->requests = g_ptr_array_new_with_free_func(request_free);
    opener->watch = vt_folder_watch_new(params->folders, on_folders_changed, opener);
    /* It may come from a service manager; a caller that gave up must not make accept wait. */
    (void)g_unix_set_fd_nonblocking(opener->listen_fd, TRUE, NULL);
    opener->source = g_unix_fd_source_new(opener->listen_fd, G_IO_IN);
    g_source_set_callback(opener->source, G_SOURCE_FUNC(on_caller), opener, NULL);
    g_source_attach(opener->source, g_main_context_get_thread_default());
    return opener;
}

void
vt_opener_free(VtOpener *opener)
{
    if (opener == NULL)
        return;
    clear_source(&opener->source);
    vt_fd_close(&opener->listen_fd);
    g_ptr_array_unref(opener->requests);
    vt_folder_watch_free(opener->watch);
    g_strfreev(opener->uris);
    g_strfreev(opener->folders);
    g_free(opener);
}

bool
vt_opener_is_idle(const VtOpener *opener, uint64_t *ret_n_served)
{
    *ret_n_served = opener->n_served;
    return opener->requests->len == 0;
}
