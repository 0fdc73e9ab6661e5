/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

#define ABSENT "-"

typedef enum {
    FORMAT_TEXT,
    FORMAT_SPAN,
    FORMAT_OFFSET,
    FORMAT_RESULT,
} Format;

typedef struct {
    VtColumn column;
    const char *key;
    Format format;
} Field;

static const Field agent_fields[] = {
    { { "WHEN", VT_ALIGN_LEFT }, "at", FORMAT_TEXT },
    { { "CAUSE", VT_ALIGN_LEFT }, "cause", FORMAT_TEXT },
    { { "FIRST HINT", VT_ALIGN_LEFT }, "hint", FORMAT_TEXT },
    { { "OFFSET", VT_ALIGN_RIGHT }, "offset-ns", FORMAT_OFFSET },
    { { "ACTION", VT_ALIGN_LEFT }, "action", FORMAT_TEXT },
    { { "RESIDUAL", VT_ALIGN_RIGHT }, "residual-ns", FORMAT_OFFSET },
    { { "+/-", VT_ALIGN_RIGHT }, "error-ns", FORMAT_SPAN },
    { { "EXPOSURE", VT_ALIGN_RIGHT }, "exposure-ns", FORMAT_SPAN },
    { { "REFERENCE", VT_ALIGN_LEFT }, "reference", FORMAT_TEXT },
    { { "REFUSED", VT_ALIGN_LEFT }, "refusal", FORMAT_TEXT },
};

static const Field host_fields[] = {
    { { "WHEN", VT_ALIGN_LEFT }, "at", FORMAT_TEXT },
    { { "GUEST", VT_ALIGN_LEFT }, "name", FORMAT_TEXT },
    { { "CAUSE", VT_ALIGN_LEFT }, "cause", FORMAT_TEXT },
    { { "STOOD STILL", VT_ALIGN_RIGHT }, "stand-still-ns", FORMAT_SPAN },
    { { "OFFSET", VT_ALIGN_RIGHT }, "offset-ns", FORMAT_OFFSET },
    { { "ACTION", VT_ALIGN_LEFT }, "action", FORMAT_TEXT },
    { { "CLAIMED", VT_ALIGN_RIGHT }, "residual-ns", FORMAT_OFFSET },
    { { "SEEN", VT_ALIGN_RIGHT }, "seen-residual-ns", FORMAT_OFFSET },
    { { "RECOVERY", VT_ALIGN_RIGHT }, "recovery-ns", FORMAT_SPAN },
    { { "RESULT", VT_ALIGN_LEFT }, "failed", FORMAT_RESULT },
};

static bool
has_key(GVariant *record, const char *key)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(record, key, NULL);
    return value != NULL;
}

static char *
format_field(GVariant *record, const Field *field)
{
    if (!has_key(record, field->key))
        return g_strdup(ABSENT);
    switch (field->format) {
    case FORMAT_TEXT:
        return vt_facts_format_text(record, field->key, ABSENT);
    case FORMAT_SPAN:
        return vt_facts_format_span(record, field->key);
    case FORMAT_OFFSET:
        return vt_facts_format_offset(record, field->key);
    case FORMAT_RESULT:
        return g_strdup(vt_facts_get_flag(record, field->key) ? "failed" : "done");
    }
    g_assert_not_reached();
}

static char *
format_journal(GVariant *records, const Field *fields, size_t n_fields)
{
    GString *output = g_string_new(NULL);
    g_autofree VtColumn *columns = g_new0(VtColumn, n_fields);

    if (g_variant_n_children(records) == 0)
        return g_strdup("Nothing has befallen yet.\n");
    for (size_t i = 0; i < n_fields; i++)
        columns[i] = fields[i].column;
    g_autoptr(VtTable) table = vt_table_new(columns, n_fields);
    for (size_t row = 0; row < g_variant_n_children(records); row++) {
        g_autoptr(GVariant) record = g_variant_get_child_value(records, row);
        for (size_t i = 0; i < n_fields; i++) {
            g_autofree char *text = format_field(record, &fields[i]);
            vt_table_add_cell(table, text);
        }
    }
    vt_table_append_to(table, output);
    return g_string_free(output, FALSE);
}

static char *
run_journal(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "GetJournal", .type = "aa{sv}" };
    call.arguments = g_variant_new("(u)", request->n_lines);
    g_autoptr(GVariant) records = vt_session_call(request->session, &call, error);
    if (records == NULL)
        return NULL;
    if (request->json)
        return vt_json_from_answer(records);
    if (request->side == VT_SIDE_HOST)
        return format_journal(records, host_fields, G_N_ELEMENTS(host_fields));
    return format_journal(records, agent_fields, G_N_ELEMENTS(agent_fields));
}

const VtCommand vt_command_journal = {
    .name = "journal",
    .side = VT_SIDE_AGENT,
    .both_sides = true,
    .options = VT_COMMAND_HAS_LINES | VT_COMMAND_HAS_WATCH,
    .summary = "show the disruptions of the past and how they ended",
    .help =
        "Shows what befell this guest, the newest last; with --host, how the guests of this\n"
        "host came out of it, and what befell the host's own clock (GUEST -: STOOD STILL is how\n"
        "long the host slept, OFFSET by how much its clock was set). Earlier runs of the daemon\n"
        "are included.\n"
        "\n"
        "  FIRST HINT   the sign that was seen first\n"
        "  OFFSET       found before the correction: positive means that the clock was behind\n"
        "  RESIDUAL     found after it, wrong by +/- at most\n"
        "  EXPOSURE     from the first hint to the correction\n"
        "  STOOD STILL  as the host saw it\n"
        "  CLAIMED      the residual as the guest says\n"
        "  SEEN         the residual as the host computes it from the guest's time stamps\n"
        "  RECOVERY     from the resume to the guest's word that its clock is right\n"
        "  RESULT       failed: no word came, or the host saw that it is not right\n",
    .run = run_journal,
};
