/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/operator.h"

#include "agent/source-server.h"
#include "base/error.h"

const VtHint vt_operator_step = {
    .name = "operator",
    .is_strong = true,
    .allows_backward = true,
    .is_declared = true,
};

static VtSource *
find_source(const VtSources *sources, const char *name, GError **error)
{
    VtSource *source = vt_sources_find(sources, name);
    if (source == NULL)
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                    "no source has the name or address '%s': see 'virt-timectl sources'", name);
    return source;
}

static bool
burst_all(const VtSources *sources)
{
    const GPtrArray *list = vt_sources_get_list(sources);
    bool is_any = false;

    for (guint i = 0; i < list->len; i++)
        is_any |= vt_source_burst(list->pdata[i]);
    return is_any;
}

bool
vt_operator_burst(VtSources *sources, const char *name, GError **error)
{
    VtSource *source = NULL;
    if (*name != '\0' && (source = find_source(sources, name, error)) == NULL)
        return false;
    if (source != NULL ? vt_source_burst(source) : burst_all(sources))
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED,
                "nothing can be asked now: see PROBLEM of 'virt-timectl sources'");
    return false;
}

bool
vt_operator_set_online(VtSources *sources, const char *name, bool is_online, GError **error)
{
    const GPtrArray *list = vt_sources_get_list(sources);

    if (*name != '\0') {
        VtSource *source = find_source(sources, name, error);
        if (source == NULL)
            return false;
        vt_source_set_online(source, is_online);
        return true;
    }
    for (guint i = 0; i < list->len; i++) {
        /* What no network stands between goes on, unless it is named. */
        if (is_online || vt_source_is_server(list->pdata[i]))
            vt_source_set_online(list->pdata[i], is_online);
    }
    return true;
}

void
vt_operator_check_routes(VtSources *sources)
{
    const GPtrArray *list = vt_sources_get_list(sources);

    for (guint i = 0; i < list->len; i++) {
        VtSource *source = list->pdata[i];
        if (vt_source_is_server(source))
            vt_source_set_online(source, vt_source_has_route(source));
    }
}
