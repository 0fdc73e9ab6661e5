/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/leap.h"

#define DAY_SEC INT64_C(86400)

/* What else may have moved a clock since it was looked at last. */
#define TOLERANCE_NS (10 * VT_NS_PER_MS)

static int64_t
get_day(VtWall wall)
{
    int64_t sec = wall.ns / VT_NS_PER_SEC - (wall.ns % VT_NS_PER_SEC < 0);
    return sec / DAY_SEC - (sec % DAY_SEC < 0);
}

/* The day of the month of the days since 1970 (H. Hinnant's civil_from_days). */
static int
get_day_of_month(int64_t day)
{
    int64_t shifted = day + 719468; /* since 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0: March */
    return (int)(of_year - (153 * month + 2) / 5 + 1);
}

VtLeap
vt_leap_choose(VtLeap announced, VtWall wall)
{
    bool is_last_day = get_day_of_month(get_day(wall) + 1) == 1;
    return is_last_day ? announced : VT_LEAP_NONE;
}

VtNs
vt_leap_get_shift(VtLeap leap)
{
    switch (leap) {
    case VT_LEAP_INSERT:
        return -VT_NS_PER_SEC;
    case VT_LEAP_DELETE:
        return VT_NS_PER_SEC;
    case VT_LEAP_NONE:
        break;
    }
    return 0;
}

bool
vt_leap_is_near(VtWall wall)
{
    VtWall before = vt_wall_add(wall, -VT_LEAP_NEAR_NS);
    VtWall after = vt_wall_add(wall, VT_LEAP_NEAR_NS);
    return get_day(before) != get_day(after) && get_day_of_month(get_day(after)) == 1;
}

bool
vt_leap_is_size(VtNs offset_ns)
{
    return vt_ns_abs(vt_ns_sub(vt_ns_abs(offset_ns), VT_NS_PER_SEC)) <= TOLERANCE_NS;
}
