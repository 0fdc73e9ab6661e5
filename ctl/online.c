/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

static char *
run_online(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "SetOnline" };

    call.arguments = g_variant_new("(sb)", request->word != NULL ? request->word : "", TRUE);
    return vt_change_run(request, &call, "online", "asked again", error);
}

const VtCommand vt_command_online = {
    .name = "online",
    .side = VT_SIDE_AGENT,
    .word = "[SOURCE]",
    .summary = "ask the sources, or one of them, again",
    .help =
        "Ends what 'offline' began, for all sources or the one of that name or address: they are\n"
        "asked as soon as their rules allow.\n"
        "For root and the group virttime-admin.\n",
    .run = run_online,
};
