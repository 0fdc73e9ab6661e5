/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a chrony.conf, or not. Whatever it is, what comes out are settings files without a wrong
 * line, and notes that a terminal or JSON can show.
 */
#include <glib.h>

#include "base/settings-text.h"
#include "ctl/chrony-import.h"
#include "tests/fuzz/fuzz.h"

static void
check_file(const GString *content)
{
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_assert(vt_settings_text_add(text, "f", content->str, content->len, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(VtChronyImport) import = vt_chrony_import_new((const char *)bytes, n_bytes);

    check_file(import->agent);
    check_file(import->hostd);
    for (guint i = 0; i < import->notes->len; i++) {
        const VtChronyNote *note = import->notes->pdata[i];
        g_assert(note->line > 0 && *note->text != '\0' && note->reason != NULL);
        g_assert(g_utf8_validate(note->text, -1, NULL));
    }
    return 0;
}
