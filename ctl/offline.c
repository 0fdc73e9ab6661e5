/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

static char *
run_offline(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "SetOnline" };

    call.arguments = g_variant_new("(sb)", request->word != NULL ? request->word : "", FALSE);
    return vt_change_run(request, &call, "offline", "left alone until 'virt-timectl online'",
                         error);
}

const VtCommand vt_command_offline = {
    .name = "offline",
    .side = VT_SIDE_AGENT,
    .word = "[SOURCE]",
    .summary = "leave the sources, or one of them, alone",
    .help =
        "Asks no source any more, or not the one of that name or address, until 'online': for a\n"
        "network that is down or costs money. The clock runs on at the learnt rate.\n"
        "For root and the group virttime-admin.\n",
    .run = run_offline,
};
