/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-proc.h"

#include <glib/gstdio.h>

static void
write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *
get_folder(const FakeProc *proc, int pid)
{
    return g_strdup_printf("%s/%d", proc->folder, pid);
}

void
fake_proc_init(FakeProc *proc)
{
    proc->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
}

static void
remove_process(const char *folder)
{
    static const char *const names[] = { "comm", "status" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

void
fake_proc_clear(FakeProc *proc)
{
    g_autoptr(GDir) folder = g_dir_open(proc->folder, 0, NULL);
    for (const char *entry = g_dir_read_name(folder); entry != NULL;
         entry = g_dir_read_name(folder)) {
        g_autofree char *path = g_build_filename(proc->folder, entry, NULL);
        remove_process(path);
    }
    g_assert_cmpint(g_rmdir(proc->folder), ==, 0);
    g_clear_pointer(&proc->folder, g_free);
}

VtOwnerPlaces
fake_proc_get_places(const FakeProc *proc)
{
    return (VtOwnerPlaces){ .proc_path = proc->folder };
}

void
fake_proc_add(FakeProc *proc, int pid, const char *name, bool may_set_clock)
{
    g_autofree char *folder = get_folder(proc, pid);
    g_autofree char *comm = g_strconcat(name, "\n", NULL);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    write_file(folder, "comm", comm);
    write_file(folder, "status",
               may_set_clock ? "Name:\tx\nCapPrm:\t0\nCapEff:\t0000000002000400\n"
                             : "Name:\tx\nCapPrm:\t0\nCapEff:\t0000000000000400\n");
}

void
fake_proc_add_child(FakeProc *proc, int pid, const char *name, int parent_pid)
{
    g_autofree char *folder = get_folder(proc, pid);
    g_autofree char *status = g_strdup_printf(
        "Name:\tx\nPid:\t%d\nPPid:\t%d\nCapEff:\t0000000002000400\n", pid, parent_pid);

    fake_proc_add(proc, pid, name, true);
    write_file(folder, "status", status);
}

void
fake_proc_remove(FakeProc *proc, int pid)
{
    g_autofree char *folder = get_folder(proc, pid);
    remove_process(folder);
}
