/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/signals.h"

#include <errno.h>
#include <sys/signalfd.h>

#include <glib-unix.h>

#include "base/error.h"
#include "os/fd.h"

struct VtSignals {
    VtFd fd;
    GSource *source;
    VtSignalFunc on_signal;
    void *user_data;
};

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtSignals *signals = user_data;
    struct signalfd_siginfo info;

    (void)condition;
    if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        signals->on_signal((int)info.ssi_signo, signals->user_data);
    return G_SOURCE_CONTINUE;
}

VtSignals *
vt_signals_new(const int *numbers, VtSignalFunc on_signal, void *user_data, GError **error)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; numbers[i] != 0; i++)
        sigaddset(&set, numbers[i]);

    int result = pthread_sigmask(SIG_BLOCK, &set, NULL);
    g_assert(result == 0);
    g_auto(VtFd) fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        vt_error_set_errno(error, errno, "cannot listen for signals");
        return NULL;
    }

    VtSignals *signals = g_new0(VtSignals, 1);
    signals->fd = vt_fd_steal(&fd);
    signals->on_signal = on_signal;
    signals->user_data = user_data;
    signals->source = g_unix_fd_source_new(signals->fd, G_IO_IN);
    g_source_set_callback(signals->source, G_SOURCE_FUNC(on_readable), signals, NULL);
    g_source_attach(signals->source, g_main_context_get_thread_default());
    return signals;
}

void
vt_signals_free(VtSignals *signals)
{
    if (signals == NULL)
        return;
    g_source_destroy(signals->source);
    g_source_unref(signals->source);
    vt_fd_close(&signals->fd);
    g_free(signals);
}
