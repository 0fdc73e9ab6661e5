/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"

typedef struct {
    unsigned n_online;
    unsigned n_offline;
    unsigned n_unresolved; /* of those online */
} Activity;

/* The link and the clocks of this machine need nobody's network. */
static void
count_source(Activity *activity, GVariant *source)
{
    gboolean is_online = TRUE;
    const char *kind = "";
    const char *address = "";

    (void)g_variant_lookup(source, "online", "b", &is_online); /* absent: it is */
    (void)g_variant_lookup(source, "kind", "&s", &kind);
    (void)g_variant_lookup(source, "address", "&s", &address);
    if (!g_str_equal(kind, "server") && !g_str_equal(kind, "pool"))
        return;
    if (is_online)
        activity->n_online++;
    else
        activity->n_offline++;
    if (is_online && *address == '\0')
        activity->n_unresolved++;
}

static char *
format_activity(const Activity *activity, bool json)
{
    if (json) {
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "online", "u", activity->n_online);
        g_variant_dict_insert(&dict, "offline", "u", activity->n_offline);
        g_variant_dict_insert(&dict, "unresolved", "u", activity->n_unresolved);
        g_autoptr(GVariant) facts = g_variant_ref_sink(g_variant_dict_end(&dict));
        return vt_json_from_answer(facts);
    }
    return g_strdup_printf("%u sources online\n"
                           "%u sources offline\n"
                           "%u sources with unknown address\n",
                           activity->n_online, activity->n_offline, activity->n_unresolved);
}

static char *
run_activity(const VtRequest *request, GError **error)
{
    Activity activity = { 0 };
    g_autoptr(GVariant) sources =
        vt_session_ask(request->session, "GetSources", "aa{sv}", error);
    if (sources == NULL)
        return NULL;

    for (size_t i = 0; i < g_variant_n_children(sources); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(sources, i);
        count_source(&activity, source);
    }
    return format_activity(&activity, request->json);
}

const VtCommand vt_command_activity = {
    .name = "activity",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show how many NTP sources are asked",
    .help = "Shows how many NTP sources are asked, how many were told by 'offline' to be left\n"
            "alone, and of how many of those that are asked the address is not known (yet).\n",
    .run = run_activity,
};
