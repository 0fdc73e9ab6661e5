/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/host-facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

#define ABSENT "-"

static const VtColumn columns[] = {
    { "NAME", VT_ALIGN_LEFT },         { "LINK", VT_ALIGN_LEFT },
    { "MODE", VT_ALIGN_LEFT },         { "STATE", VT_ALIGN_LEFT },
    { "OFFSET SEEN", VT_ALIGN_RIGHT }, { "+/-", VT_ALIGN_RIGHT },
    { "LAST EVENT", VT_ALIGN_LEFT },   { "RECOVERY", VT_ALIGN_LEFT },
    { "UUID", VT_ALIGN_LEFT },
};

/* "resumed 34 s ago" */
static char *
format_event(GVariant *event)
{
    if (!vt_facts_has_entries(event))
        return g_strdup(ABSENT);

    g_autofree char *cause = vt_facts_format_text(event, "cause", "unknown");
    g_autofree char *age = vt_facts_format_age(event, "age-ns");
    return g_strdup_printf("%s %s ago", cause, age);
}

/* "stepped in 4.2 ms", by the host's clock from resume to acknowledgement. */
static char *
format_recovery(GVariant *guest, GVariant *event)
{
    static const char *const deaf[] = { "no-channel", "no-agent", NULL };
    g_autofree char *link = vt_facts_format_text(guest, "link", ABSENT);

    if (!vt_facts_has_entries(event))
        return g_strdup(ABSENT);
    /* Nobody is there who could acknowledge anything. */
    if (!vt_facts_get_flag(event, "acknowledged") && g_strv_contains(deaf, link))
        return g_strdup(ABSENT);
    if (!vt_facts_get_flag(event, "acknowledged"))
        return g_strdup(vt_facts_get_flag(event, "open") ? "pending" : "none");

    g_autofree char *action = vt_facts_format_text(event, "action", "acknowledged");
    g_autofree char *recovery = vt_facts_format_span(event, "recovery-ns");
    return g_strdup_printf("%s in %s", g_str_equal(action, "none") ? "untouched" : action,
                           recovery);
}

static void
add_text(VtTable *table, GVariant *guest, const char *key)
{
    g_autofree char *text = vt_facts_format_text(guest, key, ABSENT);

    vt_table_add_cell(table, text);
}

static void
add_state(VtTable *table, GVariant *guest)
{
    if (vt_facts_get_flag(guest, "running"))
        add_text(table, guest, "state");
    else
        vt_table_add_cell(table, "not running");
}

static void
add_guest(VtTable *table, GVariant *guest)
{
    bool seen = vt_facts_get_flag(guest, "seen");
    g_autofree char *offset = vt_facts_format_offset(guest, "seen-offset-ns");
    g_autofree char *error_bound = vt_facts_format_span(guest, "seen-error-ns");
    g_autoptr(GVariant) event = vt_facts_get_group(guest, "last-event");
    g_autofree char *event_text = format_event(event);
    g_autofree char *recovery = format_recovery(guest, event);

    add_text(table, guest, "name");
    add_text(table, guest, "link");
    add_text(table, guest, "mode");
    add_state(table, guest);
    vt_table_add_cell(table, seen ? offset : ABSENT);
    vt_table_add_cell(table, seen ? error_bound : ABSENT);
    vt_table_add_cell(table, event_text);
    vt_table_add_cell(table, recovery);
    add_text(table, guest, "uuid");
}

static char *
format_guests(GVariant *host, GVariant *guests)
{
    GString *output = g_string_new(NULL);
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));

    vt_host_facts_append_to(host, output);
    for (size_t i = 0; i < g_variant_n_children(guests); i++) {
        g_autoptr(GVariant) guest = g_variant_get_child_value(guests, i);
        add_guest(table, guest);
    }
    if (g_variant_n_children(guests) > 0) {
        g_string_append_c(output, '\n');
        vt_table_append_to(table, output);
    }
    return g_string_free(output, FALSE);
}

static char *
run_guests(const VtRequest *request, GError **error)
{
    g_autoptr(GVariant) guests = vt_session_ask(request->session, "GetGuests", "aa{sv}", error);
    if (guests == NULL)
        return NULL;
    if (request->json)
        return vt_json_from_answer(guests);

    g_autoptr(GVariant) host = vt_session_ask(request->session, "GetHost", "a{sv}", error);
    return host == NULL ? NULL : format_guests(host, guests);
}

const VtCommand vt_command_guests = {
    .name = "guests",
    .side = VT_SIDE_HOST,
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show the guests of this host and how right their clocks are",
    .help = "Shows what virt-time-hostd knows of this host's clock and of each guest.\n"
            "\n"
            "  LINK         up; or why not: no-channel, no-agent, held, denied, connecting,\n"
            "               closed, awaited (it was saved)\n"
            "  MODE         what the guest may do to its clock: full, observe, off\n"
            "  STATE        as the agent in the guest reports it\n"
            "  OFFSET SEEN  host minus guest, computed by the host from the guest's own time\n"
            "               stamps: positive means that the guest's clock is behind\n"
            "  +/-          by how much that may be wrong\n"
            "  LAST EVENT   the last disruption of the guest\n"
            "  RECOVERY     what the agent did, and how long after the resume it said so\n",
    .run = run_guests,
};
