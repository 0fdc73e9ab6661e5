/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/passed-fds.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/fd.h"

/* The manager's own limit of a descriptor store is lower; this bounds a malformed variable. */
#define MAX_FDS 65536

typedef struct {
    VtFd fd;
    char *name;
} PassedFd;

struct VtPassedFds {
    GArray *items; /* of PassedFd, in the manager's order */
};

static void
clear_item(gpointer data)
{
    PassedFd *item = data;
    vt_fd_close(&item->fd);
    g_clear_pointer(&item->name, g_free);
}

static guint64
read_number(const char *variable, guint64 greatest)
{
    const char *text = g_getenv(variable);
    guint64 number = 0;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 1, greatest, &number, NULL))
        return 0;
    return number;
}

static void
forget_variables(void)
{
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
}

VtPassedFds *
vt_passed_fds_take(int first_fd)
{
    VtPassedFds *passed = g_new0(VtPassedFds, 1);
    passed->items = g_array_new(FALSE, FALSE, sizeof(PassedFd));
    g_array_set_clear_func(passed->items, clear_item);

    if (read_number("LISTEN_PID", G_MAXINT) == (guint64)getpid()) {
        guint64 n_fds = read_number("LISTEN_FDS", MAX_FDS);
        const char *text = g_getenv("LISTEN_FDNAMES");
        g_auto(GStrv) names = g_strsplit(text != NULL ? text : "", ":", -1);
        guint n_names = g_strv_length(names);

        for (guint64 i = 0; i < n_fds; i++) {
            PassedFd item = { .fd = first_fd + (int)i };
            int flags = fcntl(item.fd, F_GETFD);
            if (flags < 0 || fcntl(item.fd, F_SETFD, flags | FD_CLOEXEC) < 0)
                break; /* not open: the announcement is wrong from here on */
            item.name = g_strdup(i < n_names ? names[i] : "");
            g_array_append_val(passed->items, item);
        }
    }
    forget_variables();
    return passed;
}

void
vt_passed_fds_free(VtPassedFds *passed)
{
    if (passed == NULL)
        return;
    g_array_unref(passed->items);
    g_free(passed);
}

int
vt_passed_fds_steal(VtPassedFds *passed, const char *prefix, char **ret_rest)
{
    for (guint i = 0; i < passed->items->len; i++) {
        PassedFd *item = &g_array_index(passed->items, PassedFd, i);
        if (!g_str_has_prefix(item->name, prefix))
            continue;
        if (ret_rest != NULL)
            *ret_rest = g_strdup(item->name + strlen(prefix));
        VtFd fd = vt_fd_steal(&item->fd);
        g_array_remove_index(passed->items, i);
        return fd;
    }
    return VT_FD_NONE;
}
