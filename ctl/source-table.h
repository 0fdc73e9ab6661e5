/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands about sources have in common: a row for each, and words about the columns. */
#pragma once

#include "ctl/command.h"
#include "ctl/table.h"

typedef struct {
    const VtColumn *columns;
    size_t n_columns;
    const char *legend; /* with --verbose, before the table */
    void (*add)(VtTable *table, GVariant *source, bool colour);
} VtSourceTable;

/* Asks the agent for its sources and shows them. Transfer full; NULL with @error set. */
char *vt_source_table_run(const VtSourceTable *shape, const VtRequest *request, GError **error);
