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
    .summary = "leave the servers, or one source, alone",
    .help =
        "Asks no server any more, or not the source of that name or address, until 'online': for\n"
        "a network that is down or costs money. Clocks of this machine and of its host are asked\n"
        "all the same, unless named. Without them the clock runs on at the learnt rate.\n"
        "For root and the group virttime-admin.\n",
    .run = run_offline,
};
