/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a daemon's settings anew while it runs: parsed whole, then handed over in one go. What is
 * wrong with them leaves the old ones in force.
 */
#pragma once

#include "os/daemon.h"

typedef struct VtReload VtReload;

/*
 * Puts @config in force, as far as that is possible without a restart. What cannot be is an error,
 * and then nothing has changed. @config stays where it is as long as the reload.
 */
typedef bool (*VtReloadFunc)(const void *config, void *user_data, GError **error);

/*
 * @started is what the daemon was started with; it and @daemon must outlive the reload. @n_bytes
 * is the size of the struct. Transfer full.
 */
VtReload *vt_reload_new(const VtDaemon *daemon, const void *started, size_t n_bytes);
void vt_reload_free(VtReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtReload, vt_reload_free)

void vt_reload_set_func(VtReload *reload, VtReloadFunc func, void *user_data);

/*
 * Reads and puts in force. "[group] key" of what differs from the start and needs a restart, or
 * NULL and @error. Transfer full.
 */
char **vt_reload_run(VtReload *reload, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same on a signal: the log is told what came of it. */
void vt_reload_on_signal(VtReload *reload);
