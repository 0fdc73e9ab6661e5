/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/source-table.h"

#include "ctl/json.h"

static char *
format(const VtSourceTable *shape, GVariant *sources, const VtRequest *request)
{
    GString *output = g_string_new(request->verbose ? shape->legend : NULL);
    g_autoptr(VtTable) table = vt_table_new(shape->columns, shape->n_columns);

    for (size_t i = 0; i < g_variant_n_children(sources); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(sources, i);
        shape->add(table, source, request->colour);
    }
    vt_table_append_to(table, output);
    return g_string_free(output, FALSE);
}

char *
vt_source_table_run(const VtSourceTable *shape, const VtRequest *request, GError **error)
{
    g_autoptr(GVariant) sources =
        vt_session_ask(request->session, "GetSources", "aa{sv}", error);
    if (sources == NULL)
        return NULL;
    return request->json ? vt_json_from_answer(sources) : format(shape, sources, request);
}
