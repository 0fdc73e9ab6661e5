/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

static char *
run_burst(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "Burst" };

    call.arguments = g_variant_new("(s)", request->word != NULL ? request->word : "");
    return vt_change_run(request, &call, "burst",
                         "asked as soon as each may be; 'virt-timectl sources' tells more",
                         error);
}

const VtCommand vt_command_burst = {
    .name = "burst",
    .side = VT_SIDE_AGENT,
    .word = "[SOURCE]",
    .summary = "ask the sources, or one of them, several times now",
    .help =
        "Asks each source, or the one of that name or address, several times in a row, as soon\n"
        "as its own rules allow: a server that is not marked local gets no more than one such\n"
        "burst in 64 s. For root and the group virttime-admin.\n",
    .run = run_burst,
};
