/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/csv.h"

struct SimCsv {
    char *path; /* or NULL */
    GString *text;
};

SimCsv *
sim_csv_new(const char *folder, const char *name, const char *columns)
{
    SimCsv *csv = g_new0(SimCsv, 1);
    csv->path = folder != NULL ? g_build_filename(folder, name, NULL) : NULL;
    csv->text = g_string_new(columns);
    g_string_append_c(csv->text, '\n');
    return csv;
}

void
sim_csv_add(SimCsv *csv, const char *format, ...)
{
    if (csv->path == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(csv->text, format, arguments);
    va_end(arguments);
    g_string_append_c(csv->text, '\n');
}

bool
sim_csv_close(SimCsv *csv)
{
    g_autoptr(GError) error = NULL;
    bool is_written = csv->path == NULL || g_file_set_contents(csv->path, csv->text->str,
                                                               (gssize)csv->text->len, &error);
    if (!is_written)
        g_printerr("%s\n", error->message);
    g_string_free(csv->text, TRUE);
    g_free(csv->path);
    g_free(csv);
    return is_written;
}
