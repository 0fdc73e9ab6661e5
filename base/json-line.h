/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One flat record as one line of JSON, the form in which journals are kept: an a{sv} of texts,
 * integers, numbers and flags to an object and back. Nothing nested; whoever needs more has a
 * library for it. Keys are sorted, so that the same record is the same line.
 *
 *      s, x, u, t, d, b   <->   "text", 12, 12, 12, 1.5, true
 *
 * Read back, every integer is an x and every other number a d. Text is valid UTF-8; what is not
 * is replaced while writing. A number that JSON does not have (NaN, an infinity) is left out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

/* Longer ones are refused by the reader: no record of ours comes near. */
#define VT_JSON_LINE_MAX_BYTES 8192

/* The object without a newline. @record may be floating and is then consumed. Transfer full. */
char *vt_json_line_write(GVariant *record);

/*
 * Reads the @n_bytes at @line, which need not end with NUL; the newline is not part of them.
 * False for whatever is not one flat object, a key that comes twice included: a file may have
 * been cut, or edited. *@ret_record, a{sv}, is transfer full.
 */
bool vt_json_line_read(const char *line, size_t n_bytes, GVariant **ret_record);
