/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/chrony-socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

static bool
fill_address(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    return g_strlcpy(ret_address->sun_path, path, sizeof ret_address->sun_path) <
           sizeof ret_address->sun_path;
}

static bool
bind_beside(VtChronySocket *chrony, const char *server_path, const char *client, GError **error)
{
    struct sockaddr_un address;
    g_autofree char *folder = g_path_get_dirname(server_path);
    g_autofree char *path = g_strdup_printf("%s/%s.%d.sock", folder, client, (int)getpid());

    if (!fill_address(path, &address)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "path '%s' is too long", path);
        return false;
    }
    (void)unlink(path); /* most often there is none */
    if (bind(chrony->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return vt_error_set_errno(error, errno, "cannot bind '%s'", path);
    chrony->own_path = g_steal_pointer(&path);
    if (chmod(chrony->own_path, 0666) < 0)
        return vt_error_set_errno(error, errno, "cannot open '%s' to chronyd",
                                  chrony->own_path);
    return true;
}

bool
vt_chrony_socket_open(VtChronySocket *chrony,
                      const char *server_path,
                      const char *client,
                      GError **error)
{
    struct sockaddr_un address;
    g_auto(VtChronySocket) opened = VT_CHRONY_SOCKET_CLOSED;

    if (!fill_address(server_path, &address)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "path '%s' is too long", server_path);
        return false;
    }
    if (access(server_path, F_OK) < 0)
        return vt_error_set_errno(error, errno, "cannot find '%s'", server_path);
    opened.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened.fd < 0)
        return vt_error_set_errno(error, errno, "cannot make a socket");
    if (!bind_beside(&opened, server_path, client, error))
        return false;
    if (connect(opened.fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return vt_error_set_errno(error, errno, "cannot connect to '%s'", server_path);
    *chrony = opened;
    opened = VT_CHRONY_SOCKET_CLOSED;
    return true;
}

void
vt_chrony_socket_close(VtChronySocket *chrony)
{
    vt_fd_close(&chrony->fd);
    if (chrony->own_path != NULL)
        (void)unlink(chrony->own_path); /* its folder may be gone */
    g_clear_pointer(&chrony->own_path, g_free);
}
