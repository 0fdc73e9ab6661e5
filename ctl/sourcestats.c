/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cells.h"
#include "ctl/command.h"
#include "ctl/source-facts.h"
#include "ctl/source-table.h"

static const VtColumn columns[] = {
    { "NAME", VT_ALIGN_LEFT },       { "NP", VT_ALIGN_RIGHT },
    { "NR", VT_ALIGN_RIGHT },        { "SPAN", VT_ALIGN_RIGHT },
    { "FREQUENCY", VT_ALIGN_RIGHT }, { "FREQ SKEW", VT_ALIGN_RIGHT },
    { "OFFSET", VT_ALIGN_RIGHT },    { "STD DEV", VT_ALIGN_RIGHT },
};

static const char legend[] =
    "NP         readings that the line through them is made of\n"
    "NR         runs of readings on one side of that line; few: it fits badly\n"
    "SPAN       from the first to the last of them\n"
    "FREQUENCY  of this clock against it, beyond what was learnt, ppm; positive: slow\n"
    "FREQ SKEW  by how much that may be off, ppm\n"
    "OFFSET     it minus this clock, now, by the line; positive: this clock is behind\n"
    "STD DEV    of the readings from the line\n"
    "\n";

static void
add_source(VtTable *table, GVariant *source, bool colour)
{
    int64_t n_samples = vt_facts_get_int(source, "samples");

    vt_table_set_style(table, colour, vt_source_facts_get_style(source));
    vt_cells_add_text(table, source, "name");
    vt_cells_add_int(table, source, "samples");
    vt_cells_add_int(table, source, "runs");
    vt_cells_add_age(table, source, "span-ns", n_samples > 1);
    /* Two readings make a line, the third one shows whether it is worth anything. */
    vt_cells_add_rate(table, source, "rate-ppb", n_samples > 2);
    vt_cells_add_skew(table, source, "skew-ppb", n_samples > 2);
    vt_cells_add_offset(table, source, "mean-offset-ns", n_samples > 0);
    vt_cells_add_span(table, source, "deviation-ns", n_samples > 2);
}

static char *
run_sourcestats(const VtRequest *request, GError **error)
{
    static const VtSourceTable shape = {
        .columns = columns,
        .n_columns = G_N_ELEMENTS(columns),
        .legend = legend,
        .add = add_source,
    };
    return vt_source_table_run(&shape, request, error);
}

const VtCommand vt_command_sourcestats = {
    .name = "sourcestats",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_VERBOSE | VT_COMMAND_HAS_WATCH,
    .summary = "show what the last readings of each source tell together",
    .help =
        "Shows the straight line through the last readings of each source, 64 at most.\n"
        "\n"
        "  NP, NR     readings used; runs of them on one side of the line\n"
        "  SPAN       from the first to the last of them\n"
        "  FREQUENCY  of this clock against the source beyond what was learnt, ppm; positive\n"
        "             means that this clock is slow\n"
        "  FREQ SKEW  by how much that may be off, ppm\n"
        "  OFFSET     source minus this clock, now, by the line\n"
        "  STD DEV    of the readings from the line\n",
    .run = run_sourcestats,
};
