/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

static const VtColumn columns[] = {
    { "ADDRESS", VT_ALIGN_LEFT },   { "INTERFACE", VT_ALIGN_LEFT },
    { "REQUESTS", VT_ALIGN_RIGHT }, { "ANSWERED", VT_ALIGN_RIGHT },
    { "LIMITED", VT_ALIGN_RIGHT },  { "INTERVAL", VT_ALIGN_RIGHT },
    { "LAST", VT_ALIGN_RIGHT },     { "MODE", VT_ALIGN_LEFT },
    { "KEY", VT_ALIGN_RIGHT },
};

#define ABSENT "-"

static void
add_text(VtTable *table, GVariant *client, const char *key)
{
    g_autofree char *text = vt_facts_format_text(client, key, ABSENT);

    vt_table_add_cell(table, text);
}

static void
add_number(VtTable *table, GVariant *client, const char *key)
{
    g_autofree char *text = g_strdup_printf("%" PRId64, vt_facts_get_int(client, key));

    vt_table_add_cell(table, text);
}

static void
add_client(VtTable *table, GVariant *client)
{
    g_autofree char *interval = vt_facts_format_span(client, "interval-ns");
    g_autofree char *last = vt_facts_format_age(client, "last-ns");
    bool has_interval = vt_facts_get_int(client, "requests") > 1;
    bool is_interleaved = vt_facts_get_flag(client, "interleaved");

    add_text(table, client, "address");
    add_text(table, client, "interface");
    add_number(table, client, "requests");
    add_number(table, client, "answered");
    add_number(table, client, "limited");
    vt_table_add_cell(table, has_interval ? interval : ABSENT);
    vt_table_add_cell(table, last);
    vt_table_add_cell(table, is_interleaved ? "interleaved" : "basic");
    if (vt_facts_get_int(client, "key") != 0)
        add_number(table, client, "key");
    else
        vt_table_add_cell(table, ABSENT);
}

static char *
format_clients(GVariant *clients)
{
    GString *output = g_string_new(NULL);
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));

    if (g_variant_n_children(clients) == 0)
        g_string_append(output, "Nobody has asked yet.\n");
    for (size_t i = 0; i < g_variant_n_children(clients); i++) {
        g_autoptr(GVariant) client = g_variant_get_child_value(clients, i);
        add_client(table, client);
    }
    if (g_variant_n_children(clients) > 0)
        vt_table_append_to(table, output);
    return g_string_free(output, FALSE);
}

static char *
run_clients(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "GetNtpClients", .type = "aa{sv}" };
    call.arguments = g_variant_new("(u)", request->n_lines);
    g_autoptr(GVariant) clients = vt_session_call(request->session, &call, error);
    if (clients == NULL)
        return NULL;
    return request->json ? vt_json_from_answer(clients) : format_clients(clients);
}

const VtCommand vt_command_clients = {
    .name = "clients",
    .side = VT_SIDE_HOST,
    .options = VT_COMMAND_HAS_LINES | VT_COMMAND_HAS_WATCH,
    .summary = "show who asks this host for the time over NTP",
    .help =
        "Shows the clients of virt-time-hostd's NTP service, the one that asked last first.\n"
        "\n"
        "  ADDRESS    of the last request; of IPv6, all of a network of 64 bits is one client\n"
        "  ANSWERED   of its requests\n"
        "  LIMITED    not answered, since it asked too often\n"
        "  INTERVAL   between its requests, smoothed\n"
        "  LAST       how long ago it asked last\n"
        "  MODE       interleaved: it was told when the reply before had really left\n"
        "  KEY        with which its last request was authenticated\n",
    .run = run_clients,
};
