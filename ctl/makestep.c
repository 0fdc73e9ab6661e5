/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

static char *
run_makestep(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "MakeStep" };

    return vt_change_run(request, &call, "makestep",
                         "the clock is measured, and stepped if that shows it wrong; "
                         "'virt-timectl tracking' tells the result",
                         error);
}

const VtCommand vt_command_makestep = {
    .name = "makestep",
    .side = VT_SIDE_AGENT,
    .summary = "have the clock measured, and stepped where it is wrong, now",
    .help =
        "The references are read at once, and an offset of a millisecond or more is stepped away,\n"
        "forward or backward, however large: the operator is the witness that a large step and\n"
        "a backward one need otherwise. Nothing is stepped without a reading, and what is\n"
        "smaller is slewed away. For root and the group virttime-admin.\n",
    .run = run_makestep,
};
