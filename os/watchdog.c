/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/watchdog.h"

#include <stdbool.h>
#include <unistd.h>

#include "os/notify.h"

/* A shorter period would be a mistake in the unit; the pings stay harmless. */
#define LEAST_INTERVAL_MS 1

struct VtWatchdog {
    GSource *source;
};

static gboolean
on_interval(gpointer user_data)
{
    (void)user_data;
    vt_notify("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static guint64
read_variable(const char *name)
{
    const char *text = g_getenv(name);
    guint64 number = 0;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &number, NULL))
        return 0;
    return number;
}

VtWatchdog *
vt_watchdog_new(void)
{
    guint64 period_us = read_variable("WATCHDOG_USEC");
    /* Without the second variable the whole service is meant, so this process, too. */
    bool is_ours =
        g_getenv("WATCHDOG_PID") == NULL || read_variable("WATCHDOG_PID") == (guint64)getpid();
    if (period_us == 0 || !is_ours)
        return NULL;

    guint64 interval_ms = period_us / 1000 / 2;
    VtWatchdog *watchdog = g_new0(VtWatchdog, 1);
    watchdog->source =
        g_timeout_source_new((guint)CLAMP(interval_ms, LEAST_INTERVAL_MS, G_MAXUINT));
    g_source_set_callback(watchdog->source, on_interval, NULL, NULL);
    g_source_attach(watchdog->source, g_main_context_get_thread_default());
    return watchdog;
}

void
vt_watchdog_free(VtWatchdog *watchdog)
{
    if (watchdog == NULL)
        return;
    g_source_destroy(watchdog->source);
    g_source_unref(watchdog->source);
    g_free(watchdog);
}
