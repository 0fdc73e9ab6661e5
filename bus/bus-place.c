/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/bus-place.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>

const char *
vt_bus_place_find_system(void)
{
    const char *address = g_getenv("DBUS_SYSTEM_BUS_ADDRESS");
    return address != NULL ? address : "unix:path=/var/run/dbus/system_bus_socket";
}

/* Who is too busy to accept is there. */
static bool
is_listening(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool is_there =
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
    (void)close(fd);
    return is_there;
}

/* What is no path may be there. */
static bool
is_entry_there(const char *entry)
{
    const char *const scheme = "unix:";
    const char *const key = "path=";
    if (!g_str_has_prefix(entry, scheme))
        return true;
    g_auto(GStrv) pairs = g_strsplit(entry + strlen(scheme), ",", -1);
    for (size_t i = 0; pairs[i] != NULL; i++) {
        if (!g_str_has_prefix(pairs[i], key))
            continue;
        g_autofree char *path = g_uri_unescape_string(pairs[i] + strlen(key), NULL);
        return path != NULL && is_listening(path);
    }
    return true;
}

bool
vt_bus_place_is_there(const char *address)
{
    g_auto(GStrv) entries = g_strsplit(address, ";", -1);
    for (size_t i = 0; entries[i] != NULL; i++) {
        if (*entries[i] != '\0' && is_entry_there(entries[i]))
            return true;
    }
    return false;
}

bool
vt_bus_place_has_system(void)
{
    return vt_bus_place_is_there(vt_bus_place_find_system());
}
