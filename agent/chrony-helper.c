/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/chrony-helper.h"

#include <sys/socket.h>

#include <glib-unix.h>

#include "agent/chrony-ask.h"
#include "os/fd.h"

/* One agent asks; another connection may be its last life's. */
#define MOST_CALLERS 4

/* Of one process: the kernel allows more, nobody has them. */
#define MOST_GROUPS 256

struct VtChronyHelper {
    VtFd listen_fd;
    gid_t group;
    char *chronyd_path;
    guint source_id;
    GPtrArray *callers; /* of Caller, owned */
};

typedef struct {
    VtChronyHelper *helper;
    VtFd fd;
    guint source_id;
} Caller;

static void
caller_free(gpointer data)
{
    Caller *caller = data;
    g_clear_handle_id(&caller->source_id, g_source_remove);
    vt_fd_close(&caller->fd);
    g_free(caller);
}

static bool
is_member(int fd, gid_t group)
{
    gid_t groups[MOST_GROUPS];
    socklen_t n_bytes = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n_bytes) < 0)
        return false;
    for (size_t i = 0; i < n_bytes / sizeof groups[0]; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}

/* As the kernel noted when it connected. */
static bool
may_ask(int fd, gid_t group)
{
    struct ucred peer;
    socklen_t n_bytes = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n_bytes) < 0)
        return false;
    return peer.uid == 0 || peer.gid == group || is_member(fd, group);
}

static void
serve(const Caller *caller, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t answer[VT_CHRONY_ANSWER_BYTES];
    VtChronyWish wish = VT_CHRONY_WISH_RESET;
    VtChronyCode code = VT_CHRONY_CODE_INVALID;

    if (vt_chrony_ask_decode(bytes, n_bytes, &wish))
        code = vt_chrony_ask(caller->helper->chronyd_path, wish);
    vt_chrony_answer_encode(wish, code, answer);
    /* A caller that has gone is seen at its next event. */
    (void)send(caller->fd, answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static gboolean
on_request(gint fd, GIOCondition condition, gpointer user_data)
{
    Caller *caller = user_data;
    /* One more than is read tells that there was more. */
    uint8_t bytes[VT_CHRONY_ASK_BYTES + 1];
    ssize_t n_bytes = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    (void)condition;

    if (n_bytes > 0) {
        serve(caller, bytes, (size_t)n_bytes);
        return G_SOURCE_CONTINUE;
    }
    caller->source_id = 0;
    g_ptr_array_remove_fast(caller->helper->callers, caller);
    return G_SOURCE_REMOVE;
}

static gboolean
on_caller(gint fd, GIOCondition condition, gpointer user_data)
{
    VtChronyHelper *helper = user_data;
    g_auto(VtFd) caller_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)condition;

    if (caller_fd < 0 || helper->callers->len >= MOST_CALLERS)
        return G_SOURCE_CONTINUE;
    if (!may_ask(caller_fd, helper->group)) {
        g_message("a caller that is not of the group was turned away");
        return G_SOURCE_CONTINUE;
    }
    Caller *caller = g_new0(Caller, 1);
    caller->helper = helper;
    caller->fd = vt_fd_steal(&caller_fd);
    caller->source_id = g_unix_fd_add(caller->fd, G_IO_IN, on_request, caller);
    g_ptr_array_add(helper->callers, caller);
    return G_SOURCE_CONTINUE;
}

VtChronyHelper *
vt_chrony_helper_new(const VtChronyHelperParams *params)
{
    VtChronyHelper *helper = g_new0(VtChronyHelper, 1);
    helper->listen_fd = params->listen_fd;
    helper->group = params->group;
    helper->chronyd_path = g_strdup(params->chronyd_path);
    helper->callers = g_ptr_array_new_with_free_func(caller_free);
    helper->source_id = g_unix_fd_add(helper->listen_fd, G_IO_IN, on_caller, helper);
    return helper;
}

void
vt_chrony_helper_free(VtChronyHelper *helper)
{
    if (helper == NULL)
        return;
    g_clear_handle_id(&helper->source_id, g_source_remove);
    g_ptr_array_unref(helper->callers);
    vt_fd_close(&helper->listen_fd);
    g_free(helper->chronyd_path);
    g_free(helper);
}

bool
vt_chrony_helper_is_idle(const VtChronyHelper *helper)
{
    return helper->callers->len == 0;
}
