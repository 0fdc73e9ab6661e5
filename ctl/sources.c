/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

#define ABSENT "-"

static const VtColumn columns[] = {
    { "NAME", VT_ALIGN_LEFT },   { "KIND", VT_ALIGN_LEFT },    { "ADDRESS", VT_ALIGN_LEFT },
    { "STATE", VT_ALIGN_LEFT },  { "OFFSET", VT_ALIGN_RIGHT }, { "+/-", VT_ALIGN_RIGHT },
    { "DELAY", VT_ALIGN_RIGHT }, { "ROOT", VT_ALIGN_RIGHT },   { "STRATUM", VT_ALIGN_RIGHT },
    { "REACH", VT_ALIGN_RIGHT }, { "LAST", VT_ALIGN_RIGHT },   { "PROBLEM", VT_ALIGN_LEFT },
};

static const char *
describe_state(GVariant *source)
{
    if (vt_facts_get_flag(source, "selected"))
        return vt_facts_get_flag(source, "usable") ? "followed" : "lost";
    if (!vt_facts_get_flag(source, "usable"))
        return "unusable";
    return vt_facts_get_flag(source, "synchronised") ? "usable" : "unsynchronised";
}

static void
add_text(VtTable *table, GVariant *source, const char *key)
{
    g_autofree char *text = vt_facts_format_text(source, key, ABSENT);

    vt_table_add_cell(table, text);
}

/* Before the first reading these would be zeros that nobody has measured. */
static void
add_measured(VtTable *table, GVariant *source)
{
    static const char *const spans[] = { "error-ns", "delay-ns", "root-distance-ns" };
    bool is_measured = vt_facts_get_int(source, "last-reading-age-ns") >= 0 &&
                       vt_facts_get_int(source, "readings") > 0;
    g_autofree char *offset = vt_facts_format_offset(source, "offset-ns");
    g_autofree char *stratum =
        g_strdup_printf("%" G_GINT64_FORMAT, vt_facts_get_int(source, "stratum"));

    vt_table_add_cell(table, is_measured ? offset : ABSENT);
    for (size_t i = 0; i < G_N_ELEMENTS(spans); i++) {
        g_autofree char *span = vt_facts_format_span(source, spans[i]);
        vt_table_add_cell(table, is_measured ? span : ABSENT);
    }
    vt_table_add_cell(table, is_measured ? stratum : ABSENT);
}

/* Of the last eight, as octal digits: what operators of NTP know. */
static void
add_reach(VtTable *table, GVariant *source)
{
    g_autofree char *reach =
        g_strdup_printf("%03o", (unsigned)vt_facts_get_int(source, "reachability") & 0xffu);

    vt_table_add_cell(table, reach);
}

static void
add_source(VtTable *table, GVariant *source)
{
    bool has_last = vt_facts_get_int(source, "readings") > 0;
    g_autofree char *age = vt_facts_format_age(source, "last-reading-age-ns");

    add_text(table, source, "name");
    add_text(table, source, "kind");
    add_text(table, source, "address");
    vt_table_add_cell(table, describe_state(source));
    add_measured(table, source);
    add_reach(table, source);
    vt_table_add_cell(table, has_last ? age : ABSENT);
    add_text(table, source, "problem");
}

static char *
format_sources(GVariant *sources)
{
    GString *output = g_string_new(NULL);
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));

    for (size_t i = 0; i < g_variant_n_children(sources); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(sources, i);
        add_source(table, source);
    }
    vt_table_append_to(table, output);
    return g_string_free(output, FALSE);
}

static char *
run_sources(const VtRequest *request, GError **error)
{
    g_autoptr(GDBusConnection) connection =
        vt_connection_open(request->side, request->socket_path, error);
    if (connection == NULL)
        return NULL;

    g_autoptr(GVariant) sources =
        vt_connection_ask(connection, request->side, "GetSources", "aa{sv}", error);
    if (sources == NULL)
        return NULL;
    return request->json ? vt_json_from_answer(sources) : format_sources(sources);
}

const VtCommand vt_command_sources = {
    .name = "sources",
    .side = VT_SIDE_AGENT,
    .summary = "show the clocks that this one is or could be compared with",
    .help =
        "Shows the link to the host and each server of the settings.\n"
        "\n"
        "  STATE   followed; usable; unsynchronised: it says itself that it is not right;\n"
        "          unusable: it does not answer; lost: the last one, and it does not either\n"
        "  OFFSET  it minus this clock, now: positive means that this clock is behind\n"
        "  +/-     by how much that may be wrong\n"
        "  DELAY   round trip of the last reading\n"
        "  ROOT    how far it may itself be from true time\n"
        "  REACH   which of the last eight readings came: an octal number, 377 is all\n",
    .run = run_sources,
};
