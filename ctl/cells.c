/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cells.h"

#include <inttypes.h>
#include <math.h>

#define PPB_PER_PPM 1000.0

void
vt_cells_add_text(VtTable *table, GVariant *facts, const char *key)
{
    g_autofree char *text = vt_facts_format_text(facts, key, VT_CELL_ABSENT);

    vt_table_add_cell(table, text);
}

void
vt_cells_add_int(VtTable *table, GVariant *facts, const char *key)
{
    g_autofree char *text = g_strdup_printf("%" PRId64, vt_facts_get_int(facts, key));

    vt_table_add_cell(table, text);
}

static void
add_formatted(VtTable *table,
              GVariant *facts,
              const char *key,
              char *(*format)(GVariant *, const char *))
{
    g_autofree char *text = format(facts, key);

    vt_table_add_cell(table, g_str_equal(text, "unknown") ? VT_CELL_ABSENT : text);
}

void
vt_cells_add_span(VtTable *table, GVariant *facts, const char *key, bool is_known)
{
    if (is_known)
        add_formatted(table, facts, key, vt_facts_format_span);
    else
        vt_table_add_cell(table, VT_CELL_ABSENT);
}

void
vt_cells_add_offset(VtTable *table, GVariant *facts, const char *key, bool is_known)
{
    if (is_known)
        add_formatted(table, facts, key, vt_facts_format_offset);
    else
        vt_table_add_cell(table, VT_CELL_ABSENT);
}

void
vt_cells_add_age(VtTable *table, GVariant *facts, const char *key, bool is_known)
{
    if (is_known)
        add_formatted(table, facts, key, vt_facts_format_age);
    else
        vt_table_add_cell(table, VT_CELL_ABSENT);
}

static void
add_ppm(VtTable *table, GVariant *facts, const char *key, bool is_known, const char *sign)
{
    double ppm = vt_facts_get_number(facts, key) / PPB_PER_PPM;
    g_autofree char *text = g_strdup_printf("%s%.3f", ppm < 0 ? "-" : sign, fabs(ppm));

    vt_table_add_cell(table, is_known ? text : VT_CELL_ABSENT);
}

void
vt_cells_add_rate(VtTable *table, GVariant *facts, const char *key, bool is_known)
{
    add_ppm(table, facts, key, is_known, "+");
}

void
vt_cells_add_skew(VtTable *table, GVariant *facts, const char *key, bool is_known)
{
    add_ppm(table, facts, key, is_known, "");
}
