/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "ctl/table.h"

static const VtColumn columns[] = {
    { "NAME", VT_ALIGN_LEFT },
    { "OFFSET", VT_ALIGN_RIGHT },
    { "STATE", VT_ALIGN_LEFT },
};

static void
test_columns_are_aligned(void)
{
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GString) output = g_string_new(NULL);
    const char *cells[] = { "a", "+1 ns", "tracking", "\u6642\u8a08 one", "-12.5 ms", "-" };

    for (size_t i = 0; i < G_N_ELEMENTS(cells); i++)
        vt_table_add_cell(table, cells[i]);
    vt_table_append_to(table, output);

    /* The two Chinese characters take two columns each. */
    g_assert_cmpstr(output->str, ==,
                    "NAME        OFFSET  STATE\n"
                    "a            +1 ns  tracking\n"
                    "\u6642\u8a08 one  -12.5 ms  -\n");
}

static void
test_empty_table_has_its_heading(void)
{
    g_autoptr(VtTable) table = vt_table_new(columns, G_N_ELEMENTS(columns));
    g_autoptr(GString) output = g_string_new(NULL);

    vt_table_append_to(table, output);

    g_assert_cmpstr(output->str, ==, "NAME  OFFSET  STATE\n");
}

static void
test_facts_stand_as_in_chronyc(void)
{
    g_autoptr(GString) output = g_string_new(NULL);

    vt_table_append_fact(output, "Stratum", "%d", 3);
    vt_table_append_fact(output, "A name longer than its column", "x");
    vt_table_append_fact(output, "Empty", "%s", "");

    g_assert_cmpstr(output->str, ==,
                    "Stratum         : 3\n"
                    "A name longer than its column: x\n"
                    "Empty           :\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/table/columns-are-aligned", test_columns_are_aligned);
    g_test_add_func("/ctl/table/empty-table-has-its-heading", test_empty_table_has_its_heading);
    g_test_add_func("/ctl/table/facts-stand-as-in-chronyc", test_facts_stand_as_in_chronyc);
    return g_test_run();
}
