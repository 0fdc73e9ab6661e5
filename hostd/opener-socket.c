/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/opener-socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "base/error.h"

#define BACKLOG 64

static VtFd
make_socket(GError **error)
{
    VtFd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        vt_error_set_errno(error, errno, "cannot make a socket");
    return fd;
}

/* What a dead opener left is in the way of a new one. */
static bool
remove_dead(const struct sockaddr_un *address, GError **error)
{
    g_auto(VtFd) fd = make_socket(error);
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno == EAGAIN) {
        g_set_error(error, VT_ERROR, VT_ERROR_BUSY, "another opener answers on '%s'",
                    address->sun_path);
        return false;
    }
    if (errno == ENOENT)
        return true;
    if (errno != ECONNREFUSED)
        return vt_error_set_errno(error, errno, "cannot probe '%s'", address->sun_path);
    if (unlink(address->sun_path) < 0 && errno != ENOENT)
        return vt_error_set_errno(error, errno, "cannot remove '%s'", address->sun_path);
    return true;
}

VtFd
vt_opener_socket_listen(const char *path, uid_t owner, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "socket path '%s' is too long", path);
        return VT_FD_NONE;
    }
    if (g_mkdir_with_parents(folder, 0755) < 0) {
        vt_error_set_errno(error, errno, "cannot make folder '%s'", folder);
        return VT_FD_NONE;
    }

    g_auto(VtFd) fd = make_socket(error);
    if (fd < 0 || !remove_dead(&address, error))
        return VT_FD_NONE;
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        vt_error_set_errno(error, errno, "cannot bind '%s'", path);
        return VT_FD_NONE;
    }
    /* Before it listens: until then nobody can connect, whatever the mode. */
    if (chmod(path, 0600) < 0 || chown(path, owner, (gid_t)-1) < 0 || listen(fd, BACKLOG) < 0) {
        vt_error_set_errno(error, errno, "cannot listen on '%s'", path);
        (void)unlink(path); /* the failure to report is the one before */
        return VT_FD_NONE;
    }
    return vt_fd_steal(&fd);
}
