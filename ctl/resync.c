/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/json.h"

static char *
format_answer(const VtRequest *request)
{
    if (request->json) {
        GVariantDict dict;
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "guest", "s", request->word);
        g_autoptr(GVariant) facts = g_variant_ref_sink(g_variant_dict_end(&dict));
        return vt_json_from_answer(facts);
    }
    g_autofree char *guest = vt_escape_text(request->word);
    return g_strdup_printf(
        "'%s' was asked to measure; 'virt-timectl guests' tells the result\n", guest);
}

static char *
run_resync(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "Resync" };
    call.arguments = g_variant_new("(s)", request->word);
    g_autoptr(GVariant) answer = vt_session_call(request->session, &call, error);
    return answer != NULL ? format_answer(request) : NULL;
}

const VtCommand vt_command_resync = {
    .name = "resync",
    .side = VT_SIDE_HOST,
    .word = "GUEST",
    .summary = "ask a guest, by name or UUID, to measure its clock now",
    .help =
        "Sends the agent in the guest a notice of cause 'operator'. It measures, and corrects\n"
        "what it finds as it would after any sign.\n",
    .run = run_resync,
};
