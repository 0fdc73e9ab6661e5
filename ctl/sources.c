/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cells.h"
#include "ctl/command.h"
#include "ctl/source-facts.h"
#include "ctl/source-table.h"

static const VtColumn columns[] = {
    { "MS", VT_ALIGN_LEFT },      { "NAME", VT_ALIGN_LEFT },
    { "ADDRESS", VT_ALIGN_LEFT }, { "STRATUM", VT_ALIGN_RIGHT },
    { "POLL", VT_ALIGN_RIGHT },   { "REACH", VT_ALIGN_RIGHT },
    { "LASTRX", VT_ALIGN_RIGHT }, { "LAST SAMPLE", VT_ALIGN_LEFT },
    { "PROBLEM", VT_ALIGN_LEFT },
};

static const char legend[] =
    "M:   ^  NTP server                    #  clock of this machine or of its host\n"
    "S:\n" VT_SOURCE_FACTS_SIGNS
    "POLL         2 to that power is the time between requests, in seconds\n"
    "REACH        which of the last eight readings came, octal: 377 is all of them\n"
    "LAST SAMPLE  offset now [as it was measured] +/- how far true time may be from that;\n"
    "             positive: this clock is behind\n"
    "\n";

/* Of the last eight, as octal digits: what operators of NTP know. */
static void
add_reach(VtTable *table, GVariant *source)
{
    g_autofree char *reach =
        g_strdup_printf("%o", (unsigned)vt_facts_get_int(source, "reachability") & 0xffu);

    vt_table_add_cell(table, reach);
}

static void
add_sample(VtTable *table, GVariant *source)
{
    VtNs bound_ns = vt_ns_add(vt_facts_get_int(source, "error-ns"),
                              vt_facts_get_int(source, "root-distance-ns"));
    g_autofree char *offset = vt_facts_format_offset(source, "offset-ns");
    g_autofree char *measured = vt_facts_format_offset(source, "measured-offset-ns");
    g_autofree char *bound = vt_ns_format_span(bound_ns);
    /* Of one width, so that they stand below one another. */
    g_autofree char *text = g_strdup_printf("%9s [%9s] +/- %8s", offset, measured, bound);

    vt_table_add_cell(table, vt_source_facts_is_measured(source) ? text : VT_CELL_ABSENT);
}

static void
add_source(VtTable *table, GVariant *source, bool colour)
{
    bool is_measured = vt_source_facts_is_measured(source);
    g_autofree char *signs = g_strconcat(vt_source_facts_get_kind_sign(source),
                                         vt_source_facts_get_state_sign(source), NULL);
    g_autofree char *problem = vt_source_facts_dup_problem(source);

    vt_table_set_style(table, colour, vt_source_facts_get_style(source));
    vt_table_add_cell(table, signs);
    vt_cells_add_text(table, source, "name");
    vt_cells_add_text(table, source, "address");
    if (is_measured)
        vt_cells_add_int(table, source, "stratum");
    else
        vt_table_add_cell(table, VT_CELL_ABSENT);
    vt_cells_add_int(table, source, "poll");
    add_reach(table, source);
    vt_cells_add_age(table, source, "last-reading-age-ns", is_measured);
    add_sample(table, source);
    vt_table_add_cell(table, problem);
}

static char *
run_sources(const VtRequest *request, GError **error)
{
    static const VtSourceTable shape = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .legend = legend,
        .add = add_source,
    };
    return vt_source_table_run(&shape, request, error);
}

const VtCommand vt_command_sources = {
    .name = "sources",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_VERBOSE | VT_COMMAND_HAS_WATCH,
    .summary = "show the clocks that this one is or could be compared with",
    .help =
        "Shows the link to the host, the clocks of the hypervisor and each NTP server.\n"
        "\n"
        "  M            ^ NTP server; # clock of this machine or of its host\n"
        "  S            * followed; + its word counts, too; - agrees, and is not needed;\n"
        "               x contradicts the others; ~ scatters too much; ? is no use\n"
        "  POLL         2 to that power is the time between requests, in seconds\n"
        "  REACH        which of the last eight readings came: an octal number, 377 is all\n"
        "  LASTRX       how long ago the last one came\n"
        "  LAST SAMPLE  it minus this clock, now [as measured], and how far true time may be\n"
        "               from that: positive means that this clock is behind\n",
    .run = run_sources,
};
