/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: one line of a journal. What is read is written and read again: both lines and both
 * records are the same.
 */
#include <string.h>

#include <glib.h>

#include "base/json-line.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    GVariant *record = NULL;
    GVariant *again = NULL;

    if (!vt_json_line_read((const char *)bytes, n_bytes, &record)) {
        g_assert(record == NULL);
        return 0;
    }
    char *line = vt_json_line_write(record);
    g_assert(strpbrk(line, "\n\r\033") == NULL);
    g_assert(g_utf8_validate(line, -1, NULL));
    /* Escapes can make it longer than what a reader takes. */
    if (strlen(line) <= VT_JSON_LINE_MAX_BYTES) {
        g_assert(vt_json_line_read(line, strlen(line), &again));
        char *line_again = vt_json_line_write(again);
        g_assert(g_variant_n_children(again) == g_variant_n_children(record));
        g_assert(strcmp(line, line_again) == 0);
        g_free(line_again);
        g_variant_unref(again);
    }
    g_free(line);
    g_variant_unref(record);
    return 0;
}
