/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/reload.h"

#include <time.h>

#include "base/units.h"
#include "os/notify.h"

struct VtReload {
    const VtDaemon *daemon;
    const void *started;
    size_t n_bytes;
    GPtrArray
        *configs; /* all that were ever in force: parts of the daemon may point into them */
    VtReloadFunc func;
    void *user_data;
};

VtReload *
vt_reload_new(const VtDaemon *daemon, const void *started, size_t n_bytes)
{
    VtReload *reload = g_new0(VtReload, 1);
    reload->daemon = daemon;
    reload->started = started;
    reload->n_bytes = n_bytes;
    reload->configs = g_ptr_array_new();
    return reload;
}

static void
free_config(const VtReload *reload, void *config)
{
    vt_options_clear(&reload->daemon->rules.options, config);
    g_free(config);
}

void
vt_reload_free(VtReload *reload)
{
    if (reload == NULL)
        return;
    for (guint i = 0; i < reload->configs->len; i++)
        free_config(reload, reload->configs->pdata[i]);
    g_ptr_array_unref(reload->configs);
    g_free(reload);
}

void
vt_reload_set_func(VtReload *reload, VtReloadFunc func, void *user_data)
{
    reload->func = func;
    reload->user_data = user_data;
}

static char **
put_in_force(VtReload *reload, GError **error)
{
    void *config = g_malloc0(reload->n_bytes);

    if (!vt_daemon_load_settings(reload->daemon, config, error)) {
        g_free(config); /* empty already */
        return NULL;
    }
    if (!reload->func(config, reload->user_data, error)) {
        free_config(reload, config);
        return NULL;
    }
    g_ptr_array_add(reload->configs, config);
    return vt_options_list_fixed_changes(&reload->daemon->rules.options, reload->started,
                                         config);
}

/* A service manager that asked for it wants to know when it is done. */
static void
notify_begin(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    vt_notify("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
              vt_ns_from_timespec(&now) / VT_NS_PER_US);
}

char **
vt_reload_run(VtReload *reload, GError **error)
{
    notify_begin();
    char **restarts = put_in_force(reload, error);
    vt_notify("READY=1");
    return restarts;
}

void
vt_reload_on_signal(VtReload *reload)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) restarts = vt_reload_run(reload, &error);

    if (restarts == NULL) {
        g_warning("%s; the settings stay as they are", error->message);
        return;
    }
    g_autofree char *list = g_strjoinv(", ", restarts);
    if (*list != '\0')
        g_warning("settings reloaded; these need a restart: %s", list);
    else
        g_message("settings reloaded");
}
