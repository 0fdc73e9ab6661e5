/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/channel-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/error.h"

/* @address_path is where to connect, @path what a person is told. */
static VtFd
connect_at(const char *address_path, const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, address_path, sizeof address.sun_path) >=
        sizeof address.sun_path) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "socket path '%s' is too long", path);
        return VT_FD_NONE;
    }

    g_auto(VtFd) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        vt_error_set_errno(error, errno, "cannot make a socket");
        return VT_FD_NONE;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        vt_error_set_errno(error, errno, "cannot connect to '%s'", path);
        return VT_FD_NONE;
    }
    return vt_fd_steal(&fd);
}

VtFd
vt_channel_socket_connect(const char *path, GError **error)
{
    return connect_at(path, path, error);
}

/* glibc of Debian 12 has no wrapper. */
static VtFd
open_strictly(int folder_fd, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | flags,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | resolve,
    };
    return (VtFd)syscall(SYS_openat2, folder_fd, path, &how, sizeof how);
}

/* The part of @path below @folder; NULL when it does not lie there as text. */
static const char *
get_rest(const char *path, const char *folder)
{
    size_t n_folder = strlen(folder);
    while (n_folder > 0 && folder[n_folder - 1] == '/')
        n_folder -= 1;
    if (strncmp(path, folder, n_folder) != 0 || path[n_folder] != '/')
        return NULL;
    const char *rest = path + n_folder;
    while (*rest == '/')
        rest += 1;
    return *rest != '\0' ? rest : NULL;
}

static VtFd
open_beneath(const char *path, const char *folder, GError **error)
{
    const char *rest = get_rest(path, folder);
    g_auto(VtFd) folder_fd = open_strictly(AT_FDCWD, folder, O_DIRECTORY, 0);
    if (folder_fd < 0) {
        vt_error_set_errno(error, errno, "cannot open folder '%s'", folder);
        return VT_FD_NONE;
    }
    g_auto(VtFd) fd = open_strictly(folder_fd, rest, O_NOFOLLOW, RESOLVE_BENEATH);
    if (fd >= 0)
        return vt_fd_steal(&fd);
    /* The kernel's words for a symbolic link and for "..": neither is to be followed. */
    if (errno == ELOOP || errno == EXDEV)
        g_set_error(error, VT_ERROR, VT_ERROR_DENIED,
                    "'%s' leads through a symbolic link or out of '%s'", path, folder);
    else
        vt_error_set_errno(error, errno, "cannot open '%s'", path);
    return VT_FD_NONE;
}

static bool
check_socket(int fd, const char *path, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return vt_error_set_errno(error, errno, "cannot look at '%s'", path);
    if (S_ISSOCK(status.st_mode))
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_DENIED, "'%s' is not a socket", path);
    return false;
}

static const char *
find_folder(const char *path, const char *const *folders)
{
    for (size_t i = 0; folders[i] != NULL; i++) {
        if (get_rest(path, folders[i]) != NULL)
            return folders[i];
    }
    return NULL;
}

VtFd
vt_channel_socket_connect_beneath(const char *path, const char *const *folders, GError **error)
{
    const char *folder = find_folder(path, folders);
    if (folder == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_DENIED,
                    "'%s' does not lie in a folder for channels", path);
        return VT_FD_NONE;
    }
    g_auto(VtFd) fd = open_beneath(path, folder, error);
    if (fd < 0 || !check_socket(fd, path, error))
        return VT_FD_NONE;

    /* By the descriptor: the path may be another thing by now. */
    g_autofree char *checked_path = g_strdup_printf("/proc/self/fd/%d", fd);
    return connect_at(checked_path, path, error);
}
