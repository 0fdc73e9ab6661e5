/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a settings file. What is taken has named groups alone, and every key of it can be read
 * and is told where it stands.
 */
#include <string.h>

#include <glib.h>

#include "base/error.h"
#include "base/settings-text.h"
#include "tests/fuzz/fuzz.h"

static void
check_group(VtSettingsText *text, const char *group)
{
    GKeyFile *file = vt_settings_text_get_key_file(text);
    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

    g_assert(*group != '\0' && keys != NULL);
    for (size_t i = 0; keys[i] != NULL; i++) {
        g_autofree char *value = g_key_file_get_value(file, group, keys[i], NULL);
        GError *error = g_error_new(VT_ERROR, VT_ERROR_INVALID, "[%s] %s: bad", group, keys[i]);
        g_assert(value != NULL && strchr(value, '\n') == NULL);
        vt_settings_text_locate(text, &error);
        g_assert(error->message[0] == '\'' || strstr(group, ": ") != NULL);
        g_error_free(error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_autoptr(GError) error = NULL;

    if (!vt_settings_text_add(text, "f", (const char *)bytes, n_bytes, &error)) {
        g_assert(g_str_has_prefix(error->message, "'f', line "));
        return 0;
    }
    g_auto(GStrv) groups = g_key_file_get_groups(vt_settings_text_get_key_file(text), NULL);
    for (size_t i = 0; groups[i] != NULL; i++)
        check_group(text, groups[i]);
    return 0;
}
