/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/channel-request.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib-unix.h>

#include "base/error.h"
#include "hostd/channel-socket.h"
#include "os/fd-message.h"

/* The opener may have to be started first, and libvirtd may hang for some 20 s. */
#define GRACE_MS 30000

struct VtChannelRequest {
    VtChannelFunc func;
    void *user_data;
    VtFd opener_fd; /* connected to the opener and waiting for its reply */
    GSource *source;
    GSource *timeout;
    VtFd fd; /* the result */
    GError *error;
};

static void
clear_source(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

/* The callee may free @request: nothing may touch it afterwards. */
static void
tell(VtChannelRequest *request)
{
    VtFd fd = vt_fd_steal(&request->fd);
    g_autoptr(GError) error = g_steal_pointer(&request->error);

    clear_source(&request->source);
    clear_source(&request->timeout);
    vt_fd_close(&request->opener_fd);
    request->func(fd, error, request->user_data);
}

static VtError
error_of(VtOpenerCode code)
{
    switch (code) {
    case VT_OPENER_INVALID:
        return VT_ERROR_INVALID;
    case VT_OPENER_DENIED:
        return VT_ERROR_DENIED;
    case VT_OPENER_NOT_FOUND:
    case VT_OPENER_TIMED_OUT:
        return VT_ERROR_NOT_FOUND;
    case VT_OPENER_BUSY:
        return VT_ERROR_BUSY;
    case VT_OPENER_OK:
    case VT_OPENER_FAILED:
    case VT_OPENER_N_CODES:
        return VT_ERROR_FAILED;
    }
    g_assert_not_reached();
}

static bool
receive_reply(VtChannelRequest *request, GError **error)
{
    VtOpenerReply reply;
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES];
    g_auto(VtFd) fd = VT_FD_NONE;

    ssize_t n_bytes = vt_fd_message_receive(request->opener_fd, bytes, sizeof bytes, &fd);
    if (n_bytes < 0)
        return vt_error_set_errno(error, errno, "cannot read the opener's reply");
    if (n_bytes == 0 || !vt_opener_reply_decode(bytes, (size_t)n_bytes, &reply)) {
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "the opener gave no answer");
        return false;
    }
    if (reply.code == VT_OPENER_OK && fd != VT_FD_NONE) {
        request->fd = vt_fd_steal(&fd);
        return true;
    }
    g_set_error(error, VT_ERROR, (int)error_of(reply.code), "the opener says: %s", reply.text);
    return false;
}

static gboolean
on_reply(gint fd, GIOCondition condition, gpointer user_data)
{
    VtChannelRequest *request = user_data;
    (void)fd;
    (void)condition;
    (void)receive_reply(request, &request->error); /* the error is told */
    tell(request);
    return G_SOURCE_REMOVE;
}

static gboolean
on_late(gpointer user_data)
{
    VtChannelRequest *request = user_data;
    g_set_error(&request->error, VT_ERROR, VT_ERROR_FAILED, "the opener does not answer");
    tell(request);
    return G_SOURCE_REMOVE;
}

static gboolean
on_done(gpointer user_data)
{
    tell(user_data);
    return G_SOURCE_REMOVE;
}

static GSource *
attach(GSource *source, GSourceFunc func, VtChannelRequest *request)
{
    g_source_set_callback(source, func, request, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

static VtFd
connect_to_opener(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "socket path '%s' is too long", path);
        return VT_FD_NONE;
    }
    g_auto(VtFd) fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return vt_fd_steal(&fd);
    vt_error_set_errno(error, errno, "cannot ask the opener at '%s'", path);
    return VT_FD_NONE;
}

static bool
ask_opener(VtChannelRequest *request, const VtChannelQuestion *question, GError **error)
{
    VtOpenerRequest message = {
        .kind = (uint8_t)question->kind,
        .time_limit_ms = question->time_limit_ms,
    };
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];

    if (question->opener_path == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED, "there is no opener to ask");
        return false;
    }
    if (question->uri[0] == '\0' || !vt_opener_is_uuid(question->uuid) ||
        g_strlcpy(message.uri, question->uri, sizeof message.uri) >= sizeof message.uri) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "the opener cannot be asked for '%s' at '%s'", question->uuid,
                    question->uri);
        return false;
    }
    g_strlcpy(message.uuid, question->uuid, sizeof message.uuid);
    request->opener_fd = connect_to_opener(question->opener_path, error);
    if (request->opener_fd < 0)
        return false;
    size_t n_bytes = vt_opener_request_encode(&message, bytes);
    if (vt_fd_message_send(request->opener_fd, bytes, n_bytes, VT_FD_NONE) < 0)
        return vt_error_set_errno(error, errno, "cannot ask the opener at '%s'",
                                  question->opener_path);

    guint limit_ms = GRACE_MS;
    if (question->kind == VT_OPENER_WAIT)
        limit_ms += question->time_limit_ms;
    request->source = attach(g_unix_fd_source_new(request->opener_fd, G_IO_IN),
                             G_SOURCE_FUNC(on_reply), request);
    request->timeout = attach(g_timeout_source_new(limit_ms), on_late, request);
    return true;
}

/* True when there is nothing more to wait for. */
static bool
try_directly(VtChannelRequest *request, const VtChannelQuestion *question)
{
    if (question->path == NULL)
        return false;
    request->fd = vt_channel_socket_connect(question->path, &request->error);
    return request->fd != VT_FD_NONE || question->opener_path == NULL ||
           !g_error_matches(request->error, VT_ERROR, VT_ERROR_DENIED);
}

VtChannelRequest *
vt_channel_request_new(const VtChannelQuestion *question, VtChannelFunc func, void *user_data)
{
    VtChannelRequest *request = g_new0(VtChannelRequest, 1);
    request->func = func;
    request->user_data = user_data;
    request->opener_fd = VT_FD_NONE;
    request->fd = VT_FD_NONE;

    if (!try_directly(request, question)) {
        g_autoptr(GError) problem = NULL;
        g_clear_error(&request->error);
        if (ask_opener(request, question, &problem))
            return request;
        /* Whatever ails the opener, to the guest's link it is a want of permission. */
        g_set_error(&request->error, VT_ERROR, VT_ERROR_DENIED, "%s", problem->message);
    }
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_HIGH);
    request->source = attach(source, on_done, request);
    return request;
}

void
vt_channel_request_free(VtChannelRequest *request)
{
    if (request == NULL)
        return;
    clear_source(&request->source);
    clear_source(&request->timeout);
    vt_fd_close(&request->opener_fd);
    vt_fd_close(&request->fd);
    g_clear_error(&request->error);
    g_free(request);
}
