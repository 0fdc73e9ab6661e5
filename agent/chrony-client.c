/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/chrony-client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib-unix.h>

#include "base/error.h"
#include "os/fd.h"

struct VtChronyClient {
    char *path;
    VtChronyTold on_told;
    void *user_data;
    VtFd fd;
    guint source_id;
    char *problem; /* NULL: none */
};

static void
set_problem(VtChronyClient *client, const char *problem)
{
    g_autofree char *copy = g_strdup(problem);
    g_free(client->problem);
    client->problem = g_steal_pointer(&copy);
}

static void
hang_up(VtChronyClient *client)
{
    g_clear_handle_id(&client->source_id, g_source_remove);
    vt_fd_close(&client->fd);
}

static gboolean
on_answer(gint fd, GIOCondition condition, gpointer user_data)
{
    VtChronyClient *client = user_data;
    uint8_t bytes[VT_CHRONY_ANSWER_BYTES + 1];
    VtChronyWish wish;
    VtChronyCode code;
    (void)condition;

    ssize_t n_bytes = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n_bytes <= 0) {
        client->source_id = 0;
        hang_up(client);
        return G_SOURCE_REMOVE;
    }
    if (vt_chrony_answer_decode(bytes, (size_t)n_bytes, &wish, &code)) {
        const char *text = vt_chrony_code_text(code);
        set_problem(client, text[0] != '\0' ? text : NULL);
        client->on_told(wish, client->problem, client->user_data);
    }
    return G_SOURCE_CONTINUE;
}

static bool
connect_to(VtChronyClient *client, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, client->path, sizeof address.sun_path);
    client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return vt_error_set_errno(error, errno, "cannot make a socket");
    if (connect(client->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return vt_error_set_errno(error, errno, "cannot reach virt-time-chrony-helper at '%s'",
                                  client->path);
    return true;
}

static bool
is_connected(VtChronyClient *client)
{
    g_autoptr(GError) error = NULL;
    if (client->fd >= 0)
        return true;
    if (!connect_to(client, &error)) {
        hang_up(client);
        set_problem(client, error->message);
        return false;
    }
    set_problem(client, NULL);
    client->source_id = g_unix_fd_add(client->fd, G_IO_IN, on_answer, client);
    return true;
}

VtChronyClient *
vt_chrony_client_new(const char *path, VtChronyTold on_told, void *user_data)
{
    VtChronyClient *client = g_new0(VtChronyClient, 1);
    client->path = g_strdup(path);
    client->on_told = on_told;
    client->user_data = user_data;
    client->fd = VT_FD_NONE;
    (void)is_connected(client); /* tried again when it is needed */
    return client;
}

void
vt_chrony_client_free(VtChronyClient *client)
{
    if (client == NULL)
        return;
    hang_up(client);
    g_free(client->problem);
    g_free(client->path);
    g_free(client);
}

bool
vt_chrony_client_ask(VtChronyClient *client, VtChronyWish wish)
{
    uint8_t bytes[VT_CHRONY_ASK_BYTES];
    vt_chrony_ask_encode(wish, bytes);
    /* A helper that has ended is noticed by the first send; the second reaches its successor. */
    for (int try = 0; try < 2; try++) {
        if (!is_connected(client))
            return false;
        if (send(client->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return true;
        hang_up(client);
    }
    set_problem(client, "virt-time-chrony-helper hangs up");
    return false;
}

const char *
vt_chrony_client_get_problem(const VtChronyClient *client)
{
    return client->problem;
}
