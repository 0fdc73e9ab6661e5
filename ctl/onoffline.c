/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

static char *
run_onoffline(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "CheckRoutes" };

    return vt_change_run(request, &call, "onoffline",
                         "asked where there is a way to them, the others left alone", error);
}

const VtCommand vt_command_onoffline = {
    .name = "onoffline",
    .side = VT_SIDE_AGENT,
    .summary = "ask the servers that there is a way to, and no others",
    .help =
        "Does 'online' with each server that the kernel knows a way to, and 'offline' with\n"
        "the others: for whoever looks after the network, when that has changed.\n"
        "For root and the group virttime-admin.\n",
    .run = run_onoffline,
};
