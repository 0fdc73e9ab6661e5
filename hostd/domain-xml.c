/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/domain-xml.h"

#include <string.h>

#include "base/error.h"

/* Of the channel that is being read. */
typedef struct {
    VtDomainXml domain;
    bool in_channel; /* inside <domain><devices><channel type='unix'> */
    char *path;
    bool is_ours;
    bool is_connected;
} Reader;

static const char *
find_attribute(const char *name, const char **names, const char **values)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return values[i];
    }
    return NULL;
}

/* Whether the element just entered is <@leaf> directly below <domain><devices>[<channel>]. */
static bool
stands_at(GMarkupParseContext *context, const char *const *path)
{
    const GSList *element = g_markup_parse_context_get_element_stack(context);
    for (size_t i = 0; path[i] != NULL; i++) {
        if (element == NULL || strcmp(element->data, path[i]) != 0)
            return false;
        element = element->next;
    }
    return element == NULL;
}

static const char *const channel_place[] = { "channel", "devices", "domain", NULL };
static const char *const source_place[] = { "source", "channel", "devices", "domain", NULL };
static const char *const target_place[] = { "target", "channel", "devices", "domain", NULL };

static void
on_start_element(GMarkupParseContext *context,
                 const char *element,
                 const char **names,
                 const char **values,
                 gpointer user_data,
                 GError **error)
{
    Reader *reader = user_data;
    (void)element;
    (void)error;

    if (stands_at(context, channel_place))
        reader->in_channel = g_strcmp0(find_attribute("type", names, values), "unix") == 0;
    if (!reader->in_channel)
        return;
    if (stands_at(context, source_place)) {
        g_free(reader->path);
        reader->path = g_strdup(find_attribute("path", names, values));
    }
    if (stands_at(context, target_place)) {
        bool is_virtio = g_strcmp0(find_attribute("type", names, values), "virtio") == 0;
        const char *name = find_attribute("name", names, values);
        const char *state = find_attribute("state", names, values);
        reader->is_ours = is_virtio && g_strcmp0(name, VT_CHANNEL_NAME) == 0;
        reader->is_connected = g_strcmp0(state, "connected") == 0;
    }
}

static void
on_end_element(GMarkupParseContext *context,
               const char *element,
               gpointer user_data,
               GError **error)
{
    Reader *reader = user_data;
    (void)element;
    (void)error;

    if (!reader->in_channel || !stands_at(context, channel_place))
        return;
    if (reader->is_ours && !reader->domain.has_channel) {
        reader->domain.has_channel = true;
        reader->domain.is_guest_connected = reader->is_connected;
        reader->domain.channel_path = g_steal_pointer(&reader->path);
    }
    g_clear_pointer(&reader->path, g_free);
    reader->in_channel = false;
    reader->is_ours = false;
    reader->is_connected = false;
}

static const GMarkupParser parser = {
    .start_element = on_start_element,
    .end_element = on_end_element,
};

bool
vt_domain_xml_parse(const char *xml, VtDomainXml *ret_domain, GError **error)
{
    Reader reader = { 0 };
    g_autoptr(GError) problem = NULL;
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_PREFIX_ERROR_POSITION, &reader, NULL);

    bool parsed = g_markup_parse_context_parse(context, xml, -1, &problem) &&
                  g_markup_parse_context_end_parse(context, &problem);
    g_free(reader.path);
    if (!parsed) {
        vt_domain_xml_clear(&reader.domain);
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "domain XML: %s", problem->message);
        return false;
    }
    *ret_domain = reader.domain;
    return true;
}

void
vt_domain_xml_clear(VtDomainXml *domain)
{
    g_clear_pointer(&domain->channel_path, g_free);
}
