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
    GArray *styles; /* VtStyle of each row that was given one, in order */
    bool colour;
};

VtTable *
vt_table_new(const VtColumn *columns, size_t n_columns)
{
    VtTable *table = g_new0(VtTable, 1);

    table->columns = columns;
    table->n_columns = n_columns;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    table->styles = g_array_new(FALSE, TRUE, sizeof(VtStyle));
    return table;
}

void
vt_table_free(VtTable *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->cells);
    g_array_unref(table->styles);
    g_free(table);
}

void
vt_table_add_cell(VtTable *table, const char *text)
{
    g_ptr_array_add(table->cells, g_strdup(text));
}

void
vt_table_set_style(VtTable *table, bool colour, VtStyle style)
{
    guint row = table->cells->len / (guint)table->n_columns;

    table->colour = colour;
    if (table->styles->len <= row)
        g_array_set_size(table->styles, row + 1);
    g_array_index(table->styles, VtStyle, row) = style;
}

static VtStyle
get_style(const VtTable *table, size_t row)
{
    return row < table->styles->len ? g_array_index(table->styles, VtStyle, row)
                                    : VT_STYLE_PLAIN;
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
strip_blanks(GString *output)
{
    while (output->len > 0 && output->str[output->len - 1] == ' ')
        g_string_truncate(output, output->len - 1);
}

static void
append_row(const VtTable *table, size_t row, const size_t *widths, GString *output)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (size_t column = 0; column < table->n_columns; column++) {
        append_blanks(line, column > 0 ? 2 : 0);
        append_cell(line, get_cell(table, row, column), widths[column],
                    table->columns[column].align);
    }
    strip_blanks(line);
    vt_style_append(output, table->colour, get_style(table, row), line->str);
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
    strip_blanks(output);
    g_string_append_c(output, '\n');
    for (size_t row = 0; row < table->cells->len / table->n_columns; row++)
        append_row(table, row, widths, output);
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
    strip_blanks(output);
    g_string_append_c(output, '\n');
}
