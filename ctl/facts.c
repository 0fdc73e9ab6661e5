/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/facts.h"

#include <inttypes.h>

#include "base/units.h"
#include "ctl/escape.h"

bool
vt_facts_get_flag(GVariant *facts, const char *key)
{
    gboolean flag = FALSE;

    return g_variant_lookup(facts, key, "b", &flag) && flag;
}

static bool
find_int(GVariant *facts, const char *key, int64_t *ret_value)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(facts, key, NULL);

    if (value == NULL)
        return false;
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT64))
        *ret_value = g_variant_get_int64(value);
    else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
        *ret_value = (int64_t)MIN(g_variant_get_uint64(value), (uint64_t)INT64_MAX);
    else if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT32))
        *ret_value = g_variant_get_int32(value);
    else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        *ret_value = g_variant_get_uint32(value);
    else
        return false;
    return true;
}

int64_t
vt_facts_get_int(GVariant *facts, const char *key)
{
    int64_t value = 0;

    (void)find_int(facts, key, &value); /* absent: zero, as promised */
    return value;
}

double
vt_facts_get_number(GVariant *facts, const char *key)
{
    double number = 0;

    if (g_variant_lookup(facts, key, "d", &number))
        return number;
    return (double)vt_facts_get_int(facts, key);
}

GVariant *
vt_facts_get_group(GVariant *facts, const char *key)
{
    GVariant *group = g_variant_lookup_value(facts, key, G_VARIANT_TYPE_VARDICT);

    if (group == NULL)
        group = g_variant_ref_sink(g_variant_new("a{sv}", NULL));
    return group;
}

bool
vt_facts_has_entries(GVariant *facts)
{
    return g_variant_n_children(facts) > 0;
}

char *
vt_facts_format_text(GVariant *facts, const char *key, const char *absent)
{
    const char *text = NULL;

    if (!g_variant_lookup(facts, key, "&s", &text) || *text == '\0')
        return g_strdup(absent);
    return vt_escape_text(text);
}

static char *
format_int(GVariant *facts, const char *key, char *(*format)(int64_t))
{
    int64_t value = 0;

    return find_int(facts, key, &value) ? format(value) : g_strdup("unknown");
}

static char *
format_age(int64_t age_ns)
{
    static const struct {
        const char *unit;
        int64_t size_sec;
        int64_t below_sec;
    } rows[] = {
        { "s", 1, 100 },
        { "min", 60, 100 * 60 },
        { "h", 3600, 48 * 3600 },
        { "d", 86400, INT64_MAX },
    };
    int64_t age_sec = age_ns / VT_NS_PER_SEC;
    size_t row = 0;

    while (age_sec >= rows[row].below_sec)
        row++;
    return g_strdup_printf("%" PRId64 " %s", age_sec / rows[row].size_sec, rows[row].unit);
}

char *
vt_facts_format_span(GVariant *facts, const char *key)
{
    return format_int(facts, key, vt_ns_format_span);
}

char *
vt_facts_format_offset(GVariant *facts, const char *key)
{
    return format_int(facts, key, vt_ns_format_offset);
}

char *
vt_facts_format_age(GVariant *facts, const char *key)
{
    return format_int(facts, key, format_age);
}
