/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

#define ABSENT "-"

static const VtColumn columns[] = {
    { "DEVICE", VT_ALIGN_LEFT }, { "KIND", VT_ALIGN_LEFT },    { "SCALE", VT_ALIGN_LEFT },
    { "METHOD", VT_ALIGN_LEFT }, { "COST", VT_ALIGN_RIGHT },   { "DELAY", VT_ALIGN_RIGHT },
    { "BOUND", VT_ALIGN_RIGHT }, { "OFFSET", VT_ALIGN_RIGHT }, { "USE", VT_ALIGN_LEFT },
    { "REMARK", VT_ALIGN_LEFT },
};

static void
add_text(VtTable *table, GVariant *clock, const char *key)
{
    g_autofree char *text = vt_facts_format_text(clock, key, ABSENT);

    vt_table_add_cell(table, text);
}

/* How far true time may be from what it shows: its own reading's doubt, and its host's. */
static char *
format_bound(GVariant *clock)
{
    VtNs bound_ns = vt_ns_add(vt_facts_get_int(clock, "error-ns"),
                              vt_facts_get_int(clock, "root-distance-ns"));
    return vt_ns_format_span(bound_ns);
}

/* Before the first reading these would be zeros that nobody has measured. */
static void
add_measured(VtTable *table, GVariant *clock)
{
    bool is_measured = vt_facts_get_int(clock, "readings") > 0;
    g_autofree char *cost = vt_facts_format_span(clock, "cost-ns");
    g_autofree char *delay = vt_facts_format_span(clock, "delay-ns");
    g_autofree char *bound = format_bound(clock);
    g_autofree char *offset = vt_facts_format_offset(clock, "offset-ns");

    vt_table_add_cell(table, is_measured ? cost : ABSENT);
    vt_table_add_cell(table, is_measured ? delay : ABSENT);
    vt_table_add_cell(table, is_measured ? bound : ABSENT);
    vt_table_add_cell(table, is_measured ? offset : ABSENT);
}

static void
add_clock(VtTable *table, GVariant *clock)
{
    add_text(table, clock, "device");
    add_text(table, clock, "kind");
    add_text(table, clock, "scale");
    add_text(table, clock, "method");
    add_measured(table, clock);
    add_text(table, clock, "use");
    add_text(table, clock, "remark");
}

static char *
format_clocks(GVariant *clocks)
{
    GString *output = g_string_new(NULL);
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));

    for (size_t i = 0; i < g_variant_n_children(clocks); i++) {
        g_autoptr(GVariant) clock = g_variant_get_child_value(clocks, i);
        add_clock(table, clock);
    }
    if (g_variant_n_children(clocks) == 0)
        g_string_append(output, "No device of this machine shows a clock.\n");
    else
        vt_table_append_to(table, output);
    return g_string_free(output, FALSE);
}

static char *
run_clocks(const VtRequest *request, GError **error)
{
    g_autoptr(GVariant) clocks = vt_session_ask(request->session, "GetClocks", "aa{sv}", error);
    if (clocks == NULL)
        return NULL;
    return request->json ? vt_json_from_answer(clocks) : format_clocks(clocks);
}

const VtCommand vt_command_clocks = {
    .name = "clocks",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show the clocks that this machine's devices have",
    .help =
        "Shows each clock that a device of this machine has, and why it is used or not.\n"
        "\n"
        "  KIND    whose clock it is; card: a network card's, not a hypervisor's\n"
        "  SCALE   utc, or tai, which is turned into UTC\n"
        "  METHOD  how it is read: precise, extended or plain for PTP clocks, page for vmclock,\n"
        "          interrupt or polling for the RTC\n"
        "  COST    what one reading takes at least\n"
        "  DELAY   width of the last reading's bracket\n"
        "  BOUND   how far true time may be from what it shows\n"
        "  OFFSET  it minus this clock, now: positive means that this clock is behind\n"
        "  USE     followed, or why not\n"
        "  REMARK  what could be better about it\n",
    .run = run_clocks,
};
