/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "os/fd-message.h"

static bool
get_address(struct sockaddr_un *ret_address, socklen_t *ret_address_bytes)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (path == NULL)
        return false;

    size_t n_path = strlen(path);
    if (n_path < 2 || n_path >= sizeof address.sun_path || !strchr("/@", path[0]))
        return false;
    memcpy(address.sun_path, path, n_path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    *ret_address = address;
    *ret_address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n_path);
    return true;
}

/* @passed_fd goes along, unless it is VT_FD_NONE. */
static bool
send_to_manager(const char *text, int passed_fd)
{
    struct sockaddr_un address;
    socklen_t address_bytes;
    if (!get_address(&address, &address_bytes))
        return false;

    g_auto(VtFd) fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, address_bytes) == 0 &&
           vt_fd_message_send(fd, text, strlen(text), passed_fd) >= 0;
}

void
vt_notify(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    (void)send_to_manager(text, VT_FD_NONE); /* lost without harm */
}

bool
vt_notify_store_fd(const char *name, int fd)
{
    g_autofree char *text = g_strdup_printf("FDSTORE=1\nFDNAME=%s", name);
    return send_to_manager(text, fd);
}

void
vt_notify_remove_fd(const char *name)
{
    vt_notify("FDSTOREREMOVE=1\nFDNAME=%s", name);
}
