/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table in a file, comma separated, with a first line that names the columns. It appears under
 * its name when it is whole. Without a folder nothing is written.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct SimCsv SimCsv;

/* @folder: or NULL. Transfer full. */
SimCsv *sim_csv_new(const char *folder, const char *name, const char *columns);

/* A line without its end; no text in it may have a comma. */
void sim_csv_add(SimCsv *csv, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* False, with a word on the standard error, if it could not be written. Frees @csv. */
bool sim_csv_close(SimCsv *csv);
