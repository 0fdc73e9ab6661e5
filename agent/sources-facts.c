/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/source-facts.h"
#include "agent/source-server.h"
#include "agent/sources.h"

GVariant *
vt_sources_to_variant(VtSources *sources)
{
    VtInstant now = vt_sources_read_clock(sources);
    const GPtrArray *list = vt_sources_get_list(sources);
    g_auto(GVariantBuilder) builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < list->len; i++) {
        const VtSource *source = list->pdata[i];
        /* A pool has room for more than its name has addresses. */
        if (vt_source_is_vacant(source))
            continue;
        bool is_selected = vt_sources_is_followed(sources, source);
        g_variant_builder_add_value(&builder, vt_source_to_variant(source, is_selected, now));
    }
    return g_variant_builder_end(&builder);
}

GVariant *
vt_sources_ntp_to_variant(VtSources *sources, const char *name)
{
    VtInstant now = vt_sources_read_clock(sources);
    const GPtrArray *list = vt_sources_get_list(sources);
    g_auto(GVariantBuilder) builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < list->len; i++) {
        const VtSource *source = list->pdata[i];
        if (name[0] != '\0' && !vt_source_is_called(source, name))
            continue;
        GVariant *facts = vt_source_ntp_to_variant(source, now);
        if (facts != NULL)
            g_variant_builder_add_value(&builder, facts);
    }
    return g_variant_builder_end(&builder);
}
