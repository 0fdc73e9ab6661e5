/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/domain-xml.h"

#include <string.h>

#include "base/error.h"
#include "proto/link-words.h"

/* Of the channel that is being read. */
typedef struct {
    VtDomainXml domain;
    bool in_channel; /* inside <domain><devices><channel type='unix'> */
    char *path;
    bool is_ours;
    bool is_connected;
    char *prefix; /* that stands for our namespace; "" for none at all; NULL: not declared */
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

static const char *const domain_place[] = { "domain", NULL };
static const char *const metadata_place[] = { "metadata", "domain", NULL };
static const char *const clock_place[] = { "clock", "domain", NULL };
static const char *const mac_place[] = { "mac", "interface", "devices", "domain", NULL };
static const char *const channel_place[] = { "channel", "devices", "domain", NULL };
static const char *const source_place[] = { "source", "channel", "devices", "domain", NULL };
static const char *const target_place[] = { "target", "channel", "devices", "domain", NULL };

static void
read_channel(Reader *reader,
             GMarkupParseContext *context,
             const char **names,
             const char **values)
{
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

/* "52:54:00:12:34:56", as libvirt writes it. */
static void
read_mac(Reader *reader, const char **names, const char **values)
{
    VtDomainMacs *macs = &reader->domain.macs;
    const char *text = find_attribute("address", names, values);
    VtDomainMac mac;
    if (text == NULL || macs->n_macs == VT_DOMAIN_MOST_MACS)
        return;
    for (size_t i = 0; i < sizeof mac.bytes; i++, text += 3) {
        bool is_last = i == sizeof mac.bytes - 1;
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]) ||
            text[2] != (is_last ? '\0' : ':'))
            return;
        mac.bytes[i] =
            (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    }
    macs->macs[macs->n_macs++] = mac;
}

static void
read_clock(Reader *reader, const char **names, const char **values)
{
    const char *offset = find_attribute("offset", names, values);
    const char *adjustment = find_attribute("adjustment", names, values);

    reader->domain.clock = VT_DOMAIN_CLOCK_TRUE;
    if (g_strcmp0(offset, "absolute") == 0)
        reader->domain.clock = VT_DOMAIN_CLOCK_ABSOLUTE;
    if (g_strcmp0(offset, "variable") == 0)
        reader->domain.clock = VT_DOMAIN_CLOCK_VARIABLE;
    /* "reset" is the other thing that can stand here: no adjustment. */
    if (adjustment != NULL)
        (void)g_ascii_string_to_signed(adjustment, 10, G_MININT64 + 1, G_MAXINT64,
                                       &reader->domain.adjustment_sec, NULL);
}

/* GLib's parser knows no namespaces; libvirt declares ours on the element itself or above it. */
static void
read_namespace(Reader *reader, const char **names, const char **values)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        bool is_default = strcmp(names[i], "xmlns") == 0;
        if (strcmp(values[i], VT_METADATA_NAMESPACE) != 0)
            continue;
        if (!is_default && !g_str_has_prefix(names[i], "xmlns:"))
            continue;
        g_free(reader->prefix);
        reader->prefix = g_strdup(is_default ? "" : names[i] + strlen("xmlns:"));
    }
}

static bool
is_our_time(const Reader *reader, const char *element)
{
    if (reader->prefix == NULL)
        return false;
    if (*reader->prefix == '\0')
        return strcmp(element, "time") == 0;
    size_t n_bytes = strlen(reader->prefix);
    return strncmp(element, reader->prefix, n_bytes) == 0 &&
           strcmp(element + n_bytes, ":time") == 0;
}

static void
read_mode(Reader *reader, const char **names, const char **values)
{
    const char *text = find_attribute("mode", names, values);
    if (text == NULL)
        return;
    reader->domain.has_mode = true;
    reader->domain.mode = VT_LINK_MODE_INVALID;
    for (uint8_t mode = VT_LINK_MODE_FULL; mode < VT_LINK_N_MODES; mode++) {
        if (strcmp(text, vt_link_mode_name(mode)) == 0)
            reader->domain.mode = mode;
    }
}

static bool
stands_below_metadata(GMarkupParseContext *context)
{
    const GSList *element = g_markup_parse_context_get_element_stack(context);
    return g_slist_length((GSList *)element) == 3 &&
           strcmp(element->next->data, "metadata") == 0 &&
           strcmp(element->next->next->data, "domain") == 0;
}

static void
on_start_element(GMarkupParseContext *context,
                 const char *element,
                 const char **names,
                 const char **values,
                 gpointer user_data,
                 GError **error)
{
    Reader *reader = user_data;
    bool is_metadata = stands_below_metadata(context);
    (void)error;

    read_channel(reader, context, names, values);
    if (stands_at(context, clock_place))
        read_clock(reader, names, values);
    if (stands_at(context, mac_place))
        read_mac(reader, names, values);
    if (is_metadata || stands_at(context, metadata_place) || stands_at(context, domain_place))
        read_namespace(reader, names, values);
    if (is_metadata && is_our_time(reader, element))
        read_mode(reader, names, values);
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
    g_free(reader.prefix);
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
