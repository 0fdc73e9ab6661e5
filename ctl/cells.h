/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts of a daemon's answer as cells of a table; what is not known is a dash. */
#pragma once

#include <stdbool.h>

#include "ctl/facts.h"
#include "ctl/table.h"

#define VT_CELL_ABSENT "-"

void vt_cells_add_text(VtTable *table, GVariant *facts, const char *key);
void vt_cells_add_int(VtTable *table, GVariant *facts, const char *key);
/* With @is_known false what stands there was not measured. */
void vt_cells_add_span(VtTable *table, GVariant *facts, const char *key, bool is_known);
void vt_cells_add_offset(VtTable *table, GVariant *facts, const char *key, bool is_known);
void vt_cells_add_age(VtTable *table, GVariant *facts, const char *key, bool is_known);
/* Parts per billion as parts per million: "+12.345". */
void vt_cells_add_rate(VtTable *table, GVariant *facts, const char *key, bool is_known);
/* The same for what only bounds one, and has no sign: "12.345". */
void vt_cells_add_skew(VtTable *table, GVariant *facts, const char *key, bool is_known);
