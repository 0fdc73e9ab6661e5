/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "os/fd.h"

static void
send_to_manager(const char *path, const char *text)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t n_path = strlen(path);
    if (n_path < 2 || n_path >= sizeof address.sun_path || !strchr("/@", path[0]))
        return;
    memcpy(address.sun_path, path, n_path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';

    g_auto(VtFd) fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t n_address = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n_path);
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&address, n_address);
}

void
vt_notify(const char *format, ...)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    if (path == NULL)
        return;

    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    send_to_manager(path, text);
}
