/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"
#include "ctl/escape.h"
#include "ctl/json.h"

static char *
format_restarts(const char *const *restarts)
{
    g_autofree char *list = g_strjoinv(", ", (char **)restarts);
    g_autofree char *escaped = vt_escape_text(list);

    return g_strdup_printf("reloaded; changed too, but in force only after a restart: %s\n",
                           escaped);
}

static char *
run_reload(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "Reload", .type = "as" };
    g_autoptr(GVariant) answer = vt_session_call(request->session, &call, error);
    if (answer == NULL)
        return NULL;
    if (request->json)
        return vt_json_from_answer(answer);
    g_autofree const char **restarts = g_variant_get_strv(answer, NULL);
    return restarts[0] == NULL ? g_strdup("reloaded\n") : format_restarts(restarts);
}

const VtCommand vt_command_reload = {
    .name = "reload",
    .side = VT_SIDE_AGENT,
    .both_sides = true,
    .summary = "have the daemon read its settings anew",
    .help =
        "The agent, or with --host virt-time-hostd, reads its settings anew. Settings that are\n"
        "wrong are told with file, line and reason, and the old ones stay in force. What did not\n"
        "change is not disturbed; what can change only at a restart is named, as an array of\n"
        "'[group] key' with --json. For root and the group virttime-admin.\n",
    .run = run_reload,
};
