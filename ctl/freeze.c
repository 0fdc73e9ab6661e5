/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"

static bool
set_frozen(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "SetFrozen" };

    call.arguments = g_variant_new("(b)", g_str_equal(request->word, "on"));
    g_autoptr(GVariant) answer = vt_session_call(request->session, &call, error);
    return answer != NULL;
}

static char *
format_frozen(const VtRequest *request, bool is_frozen)
{
    if (request->json) {
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "frozen", "b", is_frozen);
        g_autoptr(GVariant) facts = g_variant_ref_sink(g_variant_dict_end(&dict));
        return vt_json_from_answer(facts);
    }
    return g_strdup(is_frozen ? "on: no guest is told to step\n" : "off\n");
}

static char *
run_freeze(const VtRequest *request, GError **error)
{
    static const char *const words[] = { "on", "off", "status", NULL };

    if (!g_strv_contains(words, request->word)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is none of on, off and status",
                    request->word);
        return NULL;
    }
    if (!g_str_equal(request->word, "status") && !set_frozen(request, error))
        return NULL;

    g_autoptr(GVariant) host = vt_session_ask(request->session, "GetHost", "a{sv}", error);
    if (host == NULL)
        return NULL;
    return format_frozen(request, vt_facts_get_flag(host, "frozen"));
}

const VtCommand vt_command_freeze = {
    .name = "freeze",
    .side = VT_SIDE_HOST,
    .word = "on|off|status",
    .summary = "during an incident, let no guest be told to step",
    .help =
        "on: every guest is in mode observe and gets no notice, until off; that holds over a\n"
        "restart of virt-time-hostd. What befell a guest meanwhile it is told after off.\n",
    .run = run_freeze,
};
