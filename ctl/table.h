/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Aligned text: a table with a heading, and lines of 'Name : value'. Widths are those on a
 * terminal, where some characters take two columns and some none.
 */
#pragma once

#include <stddef.h>

#include <glib.h>

#include "ctl/style.h"

typedef struct VtTable VtTable;

typedef enum {
    VT_ALIGN_LEFT,
    VT_ALIGN_RIGHT,
} VtAlign;

typedef struct {
    const char *heading;
    VtAlign align;
} VtColumn;

/* @columns stays the caller's and must outlive the table. Transfer full. */
VtTable *vt_table_new(const VtColumn *columns, size_t n_columns);
void vt_table_free(VtTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtTable, vt_table_free)

/* Fills the next cell, row after row, with a copy of @text. */
void vt_table_add_cell(VtTable *table, const char *text);

/* The row of the next cell is shown in @style, if @colour is true. */
void vt_table_set_style(VtTable *table, bool colour, VtStyle style);

/* Appends heading and full rows to @output, without blanks at the ends of lines. */
void vt_table_append_to(const VtTable *table, GString *output);

/* Appends "Name            : value". */
void vt_table_append_fact(GString *output, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
