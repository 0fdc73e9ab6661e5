/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/error.h"
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

static const VtColumn columns[] = {
    { "ADDRESS", VT_ALIGN_LEFT },   { "INTERFACE", VT_ALIGN_LEFT },
    { "GUEST", VT_ALIGN_LEFT },     { "REQUESTS", VT_ALIGN_RIGHT },
    { "ANSWERED", VT_ALIGN_RIGHT }, { "LIMITED", VT_ALIGN_RIGHT },
    { "INTERVAL", VT_ALIGN_RIGHT }, { "LAST", VT_ALIGN_RIGHT },
    { "MODE", VT_ALIGN_LEFT },      { "KEY", VT_ALIGN_RIGHT },
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
    add_text(table, client, "guest");
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

static void
append_text(GString *output, const char *name, GVariant *client, const char *key)
{
    g_autofree char *text = vt_facts_format_text(client, key, ABSENT);

    vt_table_append_fact(output, name, "%s", text);
}

static void
append_number(GString *output, const char *name, GVariant *client, const char *key)
{
    vt_table_append_fact(output, name, "%" PRId64, vt_facts_get_int(client, key));
}

/* Where it came from, and when. */
static void
append_client(GString *output, GVariant *client)
{
    g_autofree char *first = vt_facts_format_age(client, "first-ns");
    g_autofree char *last = vt_facts_format_age(client, "last-ns");

    append_text(output, "Remote address", client, "address");
    append_text(output, "Interface", client, "interface");
    append_text(output, "Guest", client, "guest");
    vt_table_append_fact(output, "Known for", "%s", first);
    vt_table_append_fact(output, "Last request", "%s ago", last);
}

static void
append_exchange(GString *output, GVariant *client)
{
    VtWall received_at = { .ns = vt_facts_get_int(client, "receive-ns") };
    g_autofree char *at = vt_wall_format(received_at);
    g_autofree char *waited = vt_facts_format_span(client, "waited-ns");
    int64_t key = vt_facts_get_int(client, "key");

    append_text(output, "Outcome", client, "verdict");
    append_number(output, "Version", client, "ntp-version");
    append_number(output, "Poll interval", client, "poll");
    vt_table_append_fact(output, "Length", "%" PRId64 " bytes, %" PRId64 " extension fields",
                         vt_facts_get_int(client, "bytes"), vt_facts_get_int(client, "fields"));
    vt_table_append_fact(output, "Received at", "%s", at);
    vt_table_append_fact(output, "Waited", "%s", waited);
    vt_table_append_fact(output, "Origin field", "%016" PRIX64,
                         (uint64_t)vt_facts_get_int(client, "origin"));
    vt_table_append_fact(output, "Transmit field", "%016" PRIX64,
                         (uint64_t)vt_facts_get_int(client, "transmit"));
    vt_table_append_fact(output, "Interleaved", "%s",
                         vt_facts_get_flag(client, "interleaved") ? "Yes" : "No");
    if (key != 0)
        vt_table_append_fact(output, "Authenticated", "Yes, key %" PRId64, key);
    else
        vt_table_append_fact(output, "Authenticated", "No");
}

static void
append_totals(GString *output, GVariant *client)
{
    g_autofree char *interval = vt_facts_format_span(client, "interval-ns");

    vt_table_append_fact(output, "Interval", "%s", interval);
    append_number(output, "Total requests", client, "requests");
    append_number(output, "Total answered", client, "answered");
    append_number(output, "Total limited", client, "limited");
}

/* Those with that address, or that guest's. */
static char *
format_details(GVariant *clients, const char *word)
{
    GString *output = g_string_new(NULL);

    for (size_t i = 0; i < g_variant_n_children(clients); i++) {
        g_autoptr(GVariant) client = g_variant_get_child_value(clients, i);
        g_autofree char *address = vt_facts_format_text(client, "address", "");
        g_autofree char *guest = vt_facts_format_text(client, "guest", "");
        if (!g_str_equal(address, word) && !g_str_equal(guest, word))
            continue;
        if (output->len > 0)
            g_string_append_c(output, '\n');
        append_client(output, client);
        append_exchange(output, client);
        append_totals(output, client);
    }
    return g_string_free(output, FALSE);
}

static char *
show_details(GVariant *clients, const char *word, GError **error)
{
    g_autofree char *output = format_details(clients, word);
    if (*output != '\0')
        return g_steal_pointer(&output);
    g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                "no client has the address, or is the guest, '%s': see 'virt-timectl clients'",
                word);
    return NULL;
}

static char *
run_clients(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "GetNtpClients", .type = "aa{sv}" };
    /* Of whom one is wanted, all are looked through. */
    call.arguments =
        g_variant_new("(u)", request->word != NULL ? G_MAXUINT32 : request->n_lines);
    g_autoptr(GVariant) clients = vt_session_call(request->session, &call, error);
    if (clients == NULL)
        return NULL;
    if (request->word != NULL && !request->json)
        return show_details(clients, request->word, error);
    return request->json ? vt_json_from_answer(clients) : format_clients(clients);
}

const VtCommand vt_command_clients = {
    .name = "clients",
    .side = VT_SIDE_HOST,
    .word = "[CLIENT]",
    .options = VT_COMMAND_HAS_LINES | VT_COMMAND_HAS_WATCH,
    .summary = "show who asks this host for the time over NTP",
    .help =
        "Shows the clients of virt-time-hostd's NTP service, the one that asked last first.\n"
        "With an address, or the name of a guest, all that is known of its last exchange.\n"
        "\n"
        "  ADDRESS    of the last request; of IPv6, all of a network of 64 bits is one client\n"
        "  GUEST      whose address it is, by libvirt and the kernel's neighbours\n"
        "  ANSWERED   of its requests\n"
        "  LIMITED    not answered, since it asked too often\n"
        "  INTERVAL   between its requests, smoothed\n"
        "  LAST       how long ago it asked last\n"
        "  MODE       interleaved: it was told when the reply before had really left\n"
        "  KEY        with which its last request was authenticated\n",
    .run = run_clients,
};
