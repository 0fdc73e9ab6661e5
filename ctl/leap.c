/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/leap.h"

#include <glib.h>

static const struct {
    const char *name;
    const char *sign;
} leaps[] = {
    { "Normal", "N" },
    { "Insert second", "+" },
    { "Delete second", "-" },
    { "Not synchronised", "?" },
};

const char *
vt_leap_get_name(int64_t leap)
{
    return leaps[CLAMP(leap, 0, 3)].name;
}

const char *
vt_leap_get_sign(int64_t leap)
{
    return leaps[CLAMP(leap, 0, 3)].sign;
}
