/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

VtNs
vt_ns_add(VtNs a, VtNs b)
{
    VtNs sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? VT_NS_MAX : VT_NS_MIN;
    return sum;
}

VtNs
vt_ns_sub(VtNs a, VtNs b)
{
    VtNs difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? VT_NS_MAX : VT_NS_MIN;
    return difference;
}

VtNs
vt_ns_mul(VtNs a, int64_t factor)
{
    VtNs product;
    if (__builtin_mul_overflow(a, factor, &product))
        return (a > 0) == (factor > 0) ? VT_NS_MAX : VT_NS_MIN;
    return product;
}

VtNs
vt_ns_abs(VtNs a)
{
    return a < 0 ? vt_ns_sub(0, a) : a;
}

VtNs
vt_ns_min(VtNs a, VtNs b)
{
    return a < b ? a : b;
}

VtNs
vt_ns_max(VtNs a, VtNs b)
{
    return a > b ? a : b;
}

VtNs
vt_wall_diff(VtWall later, VtWall earlier)
{
    return vt_ns_sub(later.ns, earlier.ns);
}

VtWall
vt_wall_add(VtWall at, VtNs span_ns)
{
    return (VtWall){ .ns = vt_ns_add(at.ns, span_ns) };
}

VtNs
vt_mono_diff(VtMono later, VtMono earlier)
{
    return vt_ns_sub(later.ns, earlier.ns);
}

VtMono
vt_mono_add(VtMono at, VtNs span_ns)
{
    return (VtMono){ .ns = vt_ns_add(at.ns, span_ns) };
}

VtWall
vt_wall_middle(VtWall a, VtWall b)
{
    return vt_wall_add(a, vt_wall_diff(b, a) / 2);
}

VtMono
vt_mono_middle(VtMono a, VtMono b)
{
    return vt_mono_add(a, vt_mono_diff(b, a) / 2);
}

VtNs
vt_ns_from_double(double value_ns)
{
    if (isnan(value_ns))
        return 0;
    /* 2^63 is exact in a double, INT64_MAX is not. */
    if (value_ns >= 0x1p63)
        return VT_NS_MAX;
    if (value_ns < -0x1p63)
        return VT_NS_MIN;
    return (VtNs)llround(value_ns);
}

double
vt_ns_to_sec(VtNs span_ns)
{
    return (double)span_ns / (double)VT_NS_PER_SEC;
}

struct timespec
vt_ns_to_timespec(VtNs span_ns)
{
    int64_t seconds = span_ns / VT_NS_PER_SEC;
    int64_t rest_ns = span_ns % VT_NS_PER_SEC;
    if (rest_ns < 0) {
        seconds -= 1;
        rest_ns += VT_NS_PER_SEC;
    }
    return (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)rest_ns };
}

VtNs
vt_ns_from_timespec(const struct timespec *at)
{
    return vt_ns_add(vt_ns_mul(at->tv_sec, VT_NS_PER_SEC), at->tv_nsec);
}

VtWall
vt_wall_from_timespec(const struct timespec *at)
{
    return (VtWall){ .ns = vt_ns_from_timespec(at) };
}

VtMono
vt_mono_from_timespec(const struct timespec *at)
{
    return (VtMono){ .ns = vt_ns_from_timespec(at) };
}

typedef struct {
    const char *name;
    VtNs size_ns;
} UnitName;

static const UnitName unit_names[] = {
    { "ns", 1 },
    { "us", VT_NS_PER_US },
    { "ms", VT_NS_PER_MS },
    { "s", VT_NS_PER_SEC },
    { "min", 60 * VT_NS_PER_SEC },
    { "h", 3600 * VT_NS_PER_SEC },
    { "d", 86400 * VT_NS_PER_SEC },
};

static const UnitName *
find_unit(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(unit_names); i++) {
        if (strcmp(unit_names[i].name, name) == 0)
            return &unit_names[i];
    }
    return NULL;
}

bool
vt_ns_parse(const char *text, VtNs *ret_span_ns, GError **error)
{
    char *rest = NULL;
    double number = g_ascii_strtod(text, &rest);
    if (rest == text || !isfinite(number)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is not a duration", text);
        return false;
    }
    while (*rest == ' ')
        rest++;

    const UnitName *unit = find_unit(rest);
    if (unit == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "duration '%s' needs a unit: ns, us, ms, s, min, h or d", text);
        return false;
    }

    double span_ns = number * (double)unit->size_ns;
    if (fabs(span_ns) >= 0x1p63) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "duration '%s' is out of range", text);
        return false;
    }
    *ret_span_ns = vt_ns_from_double(span_ns);
    return true;
}

static char *
format_ns(double value_ns, const char *sign_format)
{
    static const UnitName scales[] = {
        { "s", VT_NS_PER_SEC },
        { "ms", VT_NS_PER_MS },
        { "us", VT_NS_PER_US },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(scales); i++) {
        double value = value_ns / (double)scales[i].size_ns;
        /* 0.99995 prints as 1.000 with four digits: it belongs to the larger unit. */
        if (fabs(value) < 0.99995)
            continue;
        int before_point = (int)floor(log10(fabs(value) + 1e-9)) + 1;
        int decimals = CLAMP(4 - before_point, 0, 3);
        return g_strdup_printf("%s%.*f %s", value < 0 ? "-" : sign_format, decimals,
                               fabs(value), scales[i].name);
    }
    return g_strdup_printf("%s%.0f ns",
                           value_ns < 0    ? "-"
                           : value_ns == 0 ? ""
                                           : sign_format,
                           fabs(value_ns));
}

char *
vt_ns_format_offset(VtNs offset_ns)
{
    return format_ns((double)offset_ns, "+");
}

char *
vt_ns_format_span(VtNs span_ns)
{
    return format_ns((double)vt_ns_abs(span_ns), "");
}

char *
vt_wall_format(VtWall at)
{
    struct timespec split = vt_ns_to_timespec(at.ns);
    g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(split.tv_sec);
    g_autofree char *text = g_date_time_format(second, "%Y-%m-%dT%H:%M:%S");

    return g_strdup_printf("%s.%03dZ", text, (int)(split.tv_nsec / VT_NS_PER_MS));
}
