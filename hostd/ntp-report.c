/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-report.h"

#include <stdlib.h>

char *
vt_ntp_report_format_place(const VtNtpPlace *place)
{
    g_autofree char *address = vt_ntp_address_format(&place->address);
    if (place->interface[0] == '\0')
        return g_steal_pointer(&address);
    return g_strdup_printf("%s on %s", address, place->interface);
}

static void
add_place(GVariantBuilder *builder, const char *address, const char *problem, bool is_flooded)
{
    g_auto(GVariantDict) dict;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "address", "s", address);
    g_variant_dict_insert(&dict, "problem", "s", problem);
    g_variant_dict_insert(&dict, "flooded", "b", is_flooded);
    g_variant_builder_add_value(builder, g_variant_dict_end(&dict));
}

GVariant *
vt_ntp_report_places(VtNtpServer *server, const VtNtpListen *listen)
{
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < vt_ntp_server_get_n_places(server); i++) {
        int error_number;
        VtNtpPlace place = vt_ntp_server_get_place(server, i, &error_number);
        g_autofree char *text = vt_ntp_report_format_place(&place);
        add_place(&builder, text, error_number == 0 ? "" : g_strerror(error_number),
                  vt_ntp_server_is_flooded(server, i));
    }
    for (size_t i = 0; i < listen->n_at; i++) {
        const VtNtpListenAt *at = &listen->at[i];
        if (at->network == NULL || at->interface[0] != '\0')
            continue;
        g_autofree char *text = g_strconcat("network:", at->network, NULL);
        add_place(&builder, text, "libvirt has not named its bridge", false);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
vt_ntp_report_counters(const VtNtpServer *server)
{
    VtNtpCounters counters = vt_ntp_server_get_counters(server);
    g_auto(GVariantDict) dict;
    g_variant_dict_init(&dict, NULL);
    for (VtNtpCount i = 0; i < VT_NTP_N_COUNTS; i++)
        g_variant_dict_insert(&dict, vt_ntp_count_get_name(i), "t", counters.counts[i]);
    return g_variant_dict_end(&dict);
}

static int
compare_last(gconstpointer a, gconstpointer b)
{
    const VtNtpClient *first = a;
    const VtNtpClient *second = b;
    if (first->last_at.ns == second->last_at.ns)
        return 0;
    return first->last_at.ns > second->last_at.ns ? -1 : 1;
}

static GVariant *
describe_client(const VtNtpClient *client, VtNtpGuests *guests, VtMono now)
{
    char interface[IF_NAMESIZE] = "";
    g_autofree char *address = vt_ntp_peer_address_format(client->address);
    VtNtpPeer peer = {
        .address = client->address,
        .interface_index = (uint32_t)client->interface_index,
    };
    const char *guest = vt_ntp_guests_find(guests, &peer);
    g_auto(GVariantDict) dict;

    /* An interface that has gone has no name any more. */
    (void)if_indextoname((unsigned)client->interface_index, interface);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "address", "s", address);
    g_variant_dict_insert(&dict, "interface", "s", interface);
    g_variant_dict_insert(&dict, "guest", "s", guest != NULL ? guest : "");
    g_variant_dict_insert(&dict, "requests", "t", client->n_requests);
    g_variant_dict_insert(&dict, "answered", "t", client->n_answered);
    g_variant_dict_insert(&dict, "limited", "t", client->n_refused);
    g_variant_dict_insert(&dict, "first-ns", "x", vt_mono_diff(now, client->first_at));
    g_variant_dict_insert(&dict, "last-ns", "x", vt_mono_diff(now, client->last_at));
    g_variant_dict_insert(&dict, "interval-ns", "x", client->gap_ns);
    g_variant_dict_insert(&dict, "interleaved", "b", client->is_interleaved != 0);
    g_variant_dict_insert(&dict, "key", "u", client->key_id);
    g_variant_dict_insert(&dict, "ntp-version", "u", (guint32)client->version);
    g_variant_dict_insert(&dict, "poll", "i", (gint32)client->poll_log2_sec);
    g_variant_dict_insert(&dict, "verdict", "s", vt_ntp_count_get_name(client->verdict));
    g_variant_dict_insert(&dict, "bytes", "u", (guint32)client->n_bytes);
    g_variant_dict_insert(&dict, "fields", "u", (guint32)client->n_fields);
    g_variant_dict_insert(&dict, "receive-ns", "x", client->received_at.ns);
    g_variant_dict_insert(&dict, "waited-ns", "x", (gint64)client->waited_ns);
    g_variant_dict_insert(&dict, "origin", "t", client->origin);
    g_variant_dict_insert(&dict, "transmit", "t", client->transmit);
    return g_variant_dict_end(&dict);
}

GVariant *
vt_ntp_report_clients(const VtNtpServer *server,
                      VtNtpGuests *guests,
                      unsigned n_most,
                      VtMono now)
{
    g_autofree VtNtpClient *clients = g_new(VtNtpClient, VT_NTP_CLIENTS_MOST);
    size_t n_clients = vt_ntp_server_copy_clients(server, clients, VT_NTP_CLIENTS_MOST);
    g_auto(GVariantBuilder) builder;

    qsort(clients, n_clients, sizeof *clients, compare_last);
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < MIN(n_clients, n_most); i++)
        g_variant_builder_add_value(&builder, describe_client(&clients[i], guests, now));
    return g_variant_builder_end(&builder);
}
