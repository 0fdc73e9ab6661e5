/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cells.h"
#include "ctl/command.h"
#include "ctl/leap.h"
#include "ctl/source-facts.h"
#include "ctl/source-table.h"

static const VtColumn columns[] = {
    { "S", VT_ALIGN_LEFT },     { "NAME", VT_ALIGN_LEFT },      { "OPTIONS", VT_ALIGN_LEFT },
    { "LAST", VT_ALIGN_RIGHT }, { "DISTANCE", VT_ALIGN_RIGHT }, { "FROM", VT_ALIGN_RIGHT },
    { "TO", VT_ALIGN_RIGHT },   { "LEAP", VT_ALIGN_LEFT },      { "PROBLEM", VT_ALIGN_LEFT },
};

static const char legend[] =
    "S:\n" VT_SOURCE_FACTS_SIGNS "OPTIONS   P prefer  T trust  R require\n"
    "LAST      how long ago it was read\n"
    "DISTANCE  by which the nearest of several is chosen\n"
    "FROM, TO  true time minus this clock lies between these two, by this source\n"
    "LEAP      what it announces\n"
    "\n";

static char *
format_options(GVariant *source)
{
    static const struct {
        const char *key;
        char letter;
    } rows[] = { { "prefer", 'P' }, { "trust", 'T' }, { "require", 'R' } };
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_string_append_c(text, vt_facts_get_flag(source, rows[i].key) ? rows[i].letter : '-');
    return g_string_free(text, FALSE);
}

static void
add_source(VtTable *table, GVariant *source, bool colour)
{
    bool is_measured = vt_source_facts_is_measured(source);
    g_autofree char *options = format_options(source);
    g_autofree char *problem = vt_source_facts_dup_problem(source);

    vt_table_set_style(table, colour, vt_source_facts_get_style(source));
    vt_table_add_cell(table, vt_source_facts_get_state_sign(source));
    vt_cells_add_text(table, source, "name");
    vt_table_add_cell(table, options);
    vt_cells_add_age(table, source, "last-reading-age-ns", is_measured);
    vt_cells_add_span(table, source, "distance-ns", is_measured);
    vt_cells_add_offset(table, source, "least-offset-ns", is_measured);
    vt_cells_add_offset(table, source, "greatest-offset-ns", is_measured);
    vt_table_add_cell(table, is_measured ? vt_leap_get_sign(vt_facts_get_int(source, "leap"))
                                         : VT_CELL_ABSENT);
    vt_table_add_cell(table, problem);
}

static char *
run_selectdata(const VtRequest *request, GError **error)
{
    static const VtSourceTable shape = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .legend = legend,
        .add = add_source,
    };
    return vt_source_table_run(&shape, request, error);
}

const VtCommand vt_command_selectdata = {
    .name = "selectdata",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_VERBOSE | VT_COMMAND_HAS_WATCH,
    .summary = "show why each source is or is not followed",
    .help = "Shows by what the sources are chosen.\n"
            "\n"
            "  S         * followed; + its word counts, too; - agrees, and is not needed;\n"
            "            x contradicts the others; ~ scatters too much; ? is no use\n"
            "  OPTIONS   P prefer; T trust; R require: of the settings\n"
            "  LAST      how long ago it was read\n"
            "  DISTANCE  by which the nearest of several is chosen\n"
            "  FROM, TO  true time minus this clock lies between these two, by this source\n"
            "  LEAP      what it announces: N nothing, + a second more, - a second less,\n"
            "            ? that it is not synchronised\n",
    .run = run_selectdata,
};
