/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/state-write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "os/fd.h"

#define FOLDER_MODE 0750
#define FILE_MODE   0640

static bool
make_folder(const char *folder, GError **error)
{
    if (g_mkdir_with_parents(folder, FOLDER_MODE) < 0)
        return vt_error_set_errno(error, errno, "cannot make folder '%s'", folder);
    return true;
}

static bool
write_all(int fd, const char *text, const char *path, GError **error)
{
    size_t n_left = strlen(text);

    while (n_left > 0) {
        ssize_t n_written = write(fd, text, n_left);
        if (n_written < 0 && errno == EINTR)
            continue;
        if (n_written < 0)
            return vt_error_set_errno(error, errno, "cannot write '%s'", path);
        text += n_written;
        n_left -= (size_t)n_written;
    }
    return true;
}

/* VT_FD_NONE on failure. */
static VtFd
open_journal(const char *path, GError **error)
{
    VtFd fd =
        open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, FILE_MODE);
    if (fd < 0)
        (void)vt_error_set_errno(error, errno, "cannot open '%s'", path);
    return fd;
}

static bool
rotate(const char *path, GError **error)
{
    g_autofree char *old = g_strconcat(path, ".1", NULL);
    if (rename(path, old) < 0)
        return vt_error_set_errno(error, errno, "cannot rename '%s'", path);
    return true;
}

static bool
ends_with_newline(int fd, off_t n_bytes)
{
    char last = '\n';
    return n_bytes == 0 || pread(fd, &last, 1, n_bytes - 1) != 1 || last == '\n';
}

bool
vt_state_append(const char *folder, const char *name, const char *line, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    struct stat status;

    if (!make_folder(folder, error))
        return false;
    g_auto(VtFd) fd = open_journal(path, error);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) < 0)
        return vt_error_set_errno(error, errno, "cannot look at '%s'", path);
    if (status.st_size + (off_t)strlen(line) >= VT_STATE_JOURNAL_MAX_BYTES) {
        if (!rotate(path, error))
            return false;
        vt_fd_close(&fd);
        status.st_size = 0;
        fd = open_journal(path, error);
        if (fd < 0)
            return false;
    }
    g_autofree char *text =
        g_strconcat(ends_with_newline(fd, status.st_size) ? "" : "\n", line, "\n", NULL);
    return write_all(fd, text, path, error);
}

bool
vt_state_sync(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_auto(VtFd) fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

    if (fd < 0)
        return vt_error_set_errno(error, errno, "cannot open '%s'", path);
    if (fdatasync(fd) < 0)
        return vt_error_set_errno(error, errno, "cannot write '%s'", path);
    return true;
}

static bool
write_new(const char *path, const char *text, GError **error)
{
    g_auto(VtFd) fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, FILE_MODE);
    if (fd < 0)
        return vt_error_set_errno(error, errno, "cannot open '%s'", path);
    if (!write_all(fd, text, path, error))
        return false;
    /* Else a crash after the rename can leave an empty file. */
    if (fdatasync(fd) < 0)
        return vt_error_set_errno(error, errno, "cannot write '%s'", path);
    return true;
}

bool
vt_state_replace(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *new_path = g_strconcat(path, ".new", NULL);

    if (!make_folder(folder, error) || !write_new(new_path, text, error))
        return false;
    if (rename(new_path, path) < 0)
        return vt_error_set_errno(error, errno, "cannot rename '%s'", new_path);
    return true;
}
