/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/os/threads.h"

#include <glib.h>

unsigned
count_threads(pid_t process)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", process);
    g_autoptr(GDir) tasks = g_dir_open(path, 0, NULL);
    unsigned n_threads = 0;
    g_assert_nonnull(tasks);
    while (g_dir_read_name(tasks) != NULL)
        n_threads += 1;
    return n_threads;
}
