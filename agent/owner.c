/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/owner.h"

#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *comm; /* as in /proc/PID/comm, which the kernel cuts at 15 characters */
    const char *name;
    VtOwnerKind kind;
} Daemon;

static const Daemon daemons[] = {
    { "chronyd", "chronyd", VT_OWNER_CHRONYD },
    { "systemd-timesyn", "systemd-timesyncd", VT_OWNER_OTHER },
    { "ntpd", "ntpd", VT_OWNER_OTHER },
    { "ntp-daemon", "ntpd-rs", VT_OWNER_OTHER },
    { "openntpd", "openntpd", VT_OWNER_OTHER },
    { "phc2sys", "phc2sys", VT_OWNER_OTHER },
    { "ptp4l", "ptp4l", VT_OWNER_OTHER },
    { "timemaster", "timemaster", VT_OWNER_OTHER },
    { "virt-time-agent", "virt-time-agent", VT_OWNER_SELF },
};

/* These set the clock at times, and own nothing. */
static const Daemon writers[] = {
    { "vmtoolsd", "vmtoolsd", VT_OWNER_NONE },
    { "VBoxService", "VBoxService", VT_OWNER_NONE },
    { "xe-daemon", "xe-guest-utilities", VT_OWNER_NONE },
    { "qemu-ga", "qemu-ga (virsh domtime)", VT_OWNER_NONE },
    { "systemd-timedat", "timedatectl", VT_OWNER_NONE },
    { "ntpdate", "ntpdate", VT_OWNER_NONE },
    { "ntpdig", "ntpdig", VT_OWNER_NONE },
    { "sntp", "sntp", VT_OWNER_NONE },
    { "rdate", "rdate", VT_OWNER_NONE },
    { "hwclock", "hwclock", VT_OWNER_NONE },
    { "date", "date", VT_OWNER_NONE },
};

/* Hyper-V's time synchronisation is in the kernel. */
#define HYPERV_MODULE "hv_utils"

static const char *const sign_words[] = {
    "chrony", "ntp", "timesync", "phc2sys", "ptp4l", "timemaster",
};

const VtOwnerPlaces vt_owner_places_system = {
    .proc_path = "/proc",
    .module_path = "/sys/module",
};

static char *
read_file(const VtOwnerPlaces *places, const char *pid, const char *name)
{
    g_autofree char *path = g_build_filename(places->proc_path, pid, name, NULL);
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL; /* not a process, or one that has just ended */
    return g_strchomp(text);
}

/* A child is called as its parent is until it has named itself: the rate's guard is no agent. */
static bool
is_own_child(const char *status)
{
    const char *line = status != NULL ? strstr(status, "\nPPid:") : NULL;
    return line != NULL &&
           g_ascii_strtoull(line + strlen("\nPPid:"), NULL, 10) == (guint64)getpid();
}

/* Where it cannot be told, it is taken for one that can. */
static bool
can_set_clock(const char *status)
{
    const char *line = status != NULL ? strstr(status, "\nCapEff:") : NULL;
    if (line == NULL)
        return true;
    guint64 capabilities = g_ascii_strtoull(line + strlen("\nCapEff:"), NULL, 16);
    return (capabilities & (UINT64_C(1) << CAP_SYS_TIME)) != 0;
}

static const Daemon *
find(const Daemon *table, size_t n_rows, const char *comm)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (g_str_equal(table[i].comm, comm))
            return &table[i];
    }
    return NULL;
}

static void
add_writer(GString *list, const char *name)
{
    if (strstr(list->str, name) == NULL)
        g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", name);
}

static void
look_at(const VtOwnerPlaces *places, const char *pid, VtOwner *owner, GString *list)
{
    g_autofree char *comm = read_file(places, pid, "comm");
    if (comm == NULL)
        return;
    const Daemon *writer = find(writers, G_N_ELEMENTS(writers), comm);
    if (writer != NULL)
        add_writer(list, writer->name);
    const Daemon *daemon = find(daemons, G_N_ELEMENTS(daemons), comm);
    /* chronyd -x, and whoever else may not set the clock, steers none. */
    if (daemon == NULL || owner->kind != VT_OWNER_NONE)
        return;
    g_autofree char *status = read_file(places, pid, "status");
    if (is_own_child(status) || !can_set_clock(status))
        return;
    owner->kind = daemon->kind;
    owner->pid = (int)g_ascii_strtoll(pid, NULL, 10);
    g_strlcpy(owner->name, daemon->name, sizeof owner->name);
}

void
vt_owner_look(const VtOwnerPlaces *places, VtOwnerView *ret_view)
{
    VtOwner owner = { 0 };
    GString *list = g_string_new(NULL);
    g_autoptr(GDir) folder =
        places->proc_path != NULL ? g_dir_open(places->proc_path, 0, NULL) : NULL;
    const char *entry = folder != NULL ? g_dir_read_name(folder) : NULL;

    for (; entry != NULL; entry = g_dir_read_name(folder)) {
        guint64 pid = 0;
        if (g_ascii_string_to_unsigned(entry, 10, 1, G_MAXINT, &pid, NULL) &&
            (pid_t)pid != getpid())
            look_at(places, entry, &owner, list);
    }
    if (places->module_path != NULL) {
        g_autofree char *path = g_build_filename(places->module_path, HYPERV_MODULE, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            add_writer(list, HYPERV_MODULE);
    }
    *ret_view = (VtOwnerView){ .owner = owner, .writers = g_string_free(list, FALSE) };
}

void
vt_owner_view_clear(VtOwnerView *view)
{
    g_clear_pointer(&view->writers, g_free);
}

bool
vt_owner_is_alive(const VtOwnerPlaces *places, const VtOwner *owner)
{
    char pid[16];
    g_snprintf(pid, sizeof pid, "%d", owner->pid);
    g_autofree char *comm = read_file(places, pid, "comm");
    const Daemon *daemon = comm != NULL ? find(daemons, G_N_ELEMENTS(daemons), comm) : NULL;
    return daemon != NULL && g_str_equal(daemon->name, owner->name);
}

bool
vt_owner_is_sign(const char *entry_name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sign_words); i++) {
        if (strstr(entry_name, sign_words[i]) != NULL)
            return true;
    }
    return false;
}
