/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include <stdarg.h>
#include <string.h>

/* As chronyc does it. */
#define FACT_NAME_COLUMNS 16

struct VtTable {
    const VtColumn *columns;
    size_t n_columns;
    GPtrArray *cells;
};

VtTable *
vt_table_new(const VtColumn *columns, size_t n_columns)
{
    VtTable *table = g_new0(VtTable, 1);

    table->columns = columns;
    table->n_columns = n_columns;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void
vt_table_free(VtTable *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void
vt_table_add_cell(VtTable *table, const char *text)
{
    g_ptr_array_add(table->cells, g_strdup(text));
}

static size_t
measure_width(const char *text)
{
    size_t width = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (!g_unichar_iszerowidth(character))
            width += g_unichar_iswide(character) ? 2 : 1;
    }
    return width;
}

static const char *
get_cell(const VtTable *table, size_t row, size_t column)
{
    return g_ptr_array_index(table->cells, row * table->n_columns + column);
}

static size_t
measure_column(const VtTable *table, size_t column)
{
    size_t width = measure_width(table->columns[column].heading);

    for (size_t row = 0; row < table->cells->len / table->n_columns; row++)
        width = MAX(width, measure_width(get_cell(table, row, column)));
    return width;
}

static void
append_blanks(GString *output, size_t n_blanks)
{
    for (size_t i = 0; i < n_blanks; i++)
        g_string_append_c(output, ' ');
}

static void
append_cell(GString *output, const char *text, size_t width, VtAlign align)
{
    size_t n_blanks = width - measure_width(text);

    if (align == VT_ALIGN_RIGHT)
        append_blanks(output, n_blanks);
    g_string_append(output, text);
    if (align == VT_ALIGN_LEFT)
        append_blanks(output, n_blanks);
}

static void
end_line(GString *output)
{
    while (output->len > 0 && output->str[output->len - 1] == ' ')
        g_string_truncate(output, output->len - 1);
    g_string_append_c(output, '\n');
}

void
vt_table_append_to(const VtTable *table, GString *output)
{
    g_autofree size_t *widths = g_new0(size_t, table->n_columns);

    for (size_t column = 0; column < table->n_columns; column++) {
        const VtColumn *shape = &table->columns[column];
        widths[column] = measure_column(table, column);
        append_blanks(output, column > 0 ? 2 : 0);
        append_cell(output, shape->heading, widths[column], shape->align);
    }
    end_line(output);
    for (size_t row = 0; row < table->cells->len / table->n_columns; row++) {
        for (size_t column = 0; column < table->n_columns; column++) {
            append_blanks(output, column > 0 ? 2 : 0);
            append_cell(output, get_cell(table, row, column), widths[column],
                        table->columns[column].align);
        }
        end_line(output);
    }
}

void
vt_table_append_fact(GString *output, const char *name, const char *format, ...)
{
    va_list arguments;

    g_string_append(output, name);
    append_blanks(output, FACT_NAME_COLUMNS - MIN(strlen(name), FACT_NAME_COLUMNS));
    g_string_append(output, ": ");
    va_start(arguments, format);
    g_string_append_vprintf(output, format, arguments);
    va_end(arguments);
    end_line(output);
}
