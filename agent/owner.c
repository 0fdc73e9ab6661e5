/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/owner.h"

#include <unistd.h>

/* As in /proc/PID/comm, which the kernel cuts at 15 characters. */
static const char *const time_daemons[] = {
    "chronyd", "systemd-timesyn", "ntpd",       "ntp-daemon",      "openntpd",
    "ptp4l",   "phc2sys",         "timemaster", "virt-time-agent", NULL,
};

static char *
read_name(const char *proc_path, const char *pid)
{
    g_autofree char *path = g_build_filename(proc_path, pid, "comm", NULL);
    char *name = NULL;
    if (!g_file_get_contents(path, &name, NULL, NULL))
        return NULL; /* not a process, or one that has just ended */
    return g_strstrip(name);
}

bool
vt_owner_find(const char *proc_path, VtOwner *ret_owner)
{
    g_autoptr(GDir) folder = g_dir_open(proc_path, 0, NULL);
    if (folder == NULL)
        return false;

    for (const char *entry = g_dir_read_name(folder); entry != NULL;
         entry = g_dir_read_name(folder)) {
        guint64 pid = 0;
        if (!g_ascii_string_to_unsigned(entry, 10, 1, G_MAXINT, &pid, NULL))
            continue;
        if ((pid_t)pid == getpid())
            continue;
        g_autofree char *name = read_name(proc_path, entry);
        if (name == NULL || !g_strv_contains(time_daemons, name))
            continue;
        *ret_owner = (VtOwner){ .name = g_steal_pointer(&name), .pid = (int)pid };
        return true;
    }
    return false;
}

void
vt_owner_clear(VtOwner *owner)
{
    g_clear_pointer(&owner->name, g_free);
}
