/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/set-watch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <sys/timerfd.h>

#include <glib-unix.h>

#include "base/error.h"

struct VtSetWatch {
    const VtSetWatchKernel *kernel;
    void *instance;
    VtFd fd;
    GSource *source;
    VtSetFunc on_set;
    void *user_data;
};

/* A time that never comes; some architectures take no larger one than the second. */
static const time_t never_sec[] = {
    sizeof(time_t) == sizeof(int64_t) ? (time_t)(INT64_MAX / 1000000000) : INT32_MAX,
    INT32_MAX,
};

static bool
arm_timer(VtFd fd)
{
    for (size_t i = 0; i < G_N_ELEMENTS(never_sec); i++) {
        struct itimerspec never = { .it_value = { .tv_sec = never_sec[i] } };
        /* A set at this very moment: the timer is armed all the same. */
        if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) ==
                0 ||
            errno == ECANCELED)
            return true;
        if (errno != EINVAL)
            return false;
    }
    return false;
}

static VtFd
system_arm(void *instance, GError **error)
{
    g_auto(VtFd) fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    (void)instance;
    if (fd < 0 || !arm_timer(fd)) {
        (void)vt_error_set_errno(error, errno, "cannot watch for sets of the clock");
        return VT_FD_NONE;
    }
    return vt_fd_steal(&fd);
}

static bool
system_take(void *instance, VtFd fd)
{
    uint64_t n_expired;
    (void)instance;
    if (read(fd, &n_expired, sizeof n_expired) < 0)
        return errno == ECANCELED; /* which arms it again */
    /* "Never" has come: what else would set the clock by centuries? */
    (void)arm_timer(fd);
    return true;
}

const VtSetWatchKernel vt_set_watch_system = {
    .arm = system_arm,
    .take = system_take,
};

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtSetWatch *watch = user_data;
    (void)condition;
    if (watch->kernel->take(watch->instance, fd))
        watch->on_set(watch->user_data);
    return G_SOURCE_CONTINUE;
}

VtSetWatch *
vt_set_watch_new(const VtSetWatchKernel *kernel,
                 void *instance,
                 VtSetFunc on_set,
                 void *user_data,
                 GError **error)
{
    VtFd fd = kernel->arm(instance, error);
    if (fd < 0)
        return NULL;

    VtSetWatch *watch = g_new0(VtSetWatch, 1);
    watch->kernel = kernel;
    watch->instance = instance;
    watch->fd = fd;
    watch->on_set = on_set;
    watch->user_data = user_data;
    watch->source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_priority(watch->source, G_PRIORITY_HIGH);
    g_source_set_callback(watch->source, G_SOURCE_FUNC(on_readable), watch, NULL);
    g_source_attach(watch->source, g_main_context_get_thread_default());
    return watch;
}

void
vt_set_watch_free(VtSetWatch *watch)
{
    if (watch == NULL)
        return;
    g_source_destroy(watch->source);
    g_source_unref(watch->source);
    vt_fd_close(&watch->fd);
    g_free(watch);
}
