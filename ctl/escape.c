/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/escape.h"

#include <stdbool.h>

#include <glib.h>

static bool
is_harmless(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);

    return g_unichar_isprint(character) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

char *
vt_escape_text(const char *text)
{
    GString *escaped = g_string_new(NULL);
    bool utf8_terminal = g_get_charset(NULL);

    for (const char *at = text; *at != '\0';) {
        gunichar character = g_utf8_get_char_validated(at, -1);
        bool valid = character != (gunichar)-1 && character != (gunichar)-2;

        if (!valid || (character > 0x7f && !utf8_terminal)) {
            g_string_append_printf(escaped, "\\x%02x", (unsigned char)*at);
            at++;
            continue;
        }
        if (character == '\\')
            g_string_append(escaped, "\\\\");
        else if (is_harmless(character))
            g_string_append_unichar(escaped, character);
        else
            g_string_append_printf(escaped, "\\u{%04x}", character);
        at = g_utf8_next_char(at);
    }
    return g_string_free(escaped, FALSE);
}

/* Outside strings JSON is plain ASCII, so nothing but the inside of strings is ever changed. */
char *
vt_escape_json(const char *json)
{
    GString *escaped = g_string_new(NULL);

    for (const char *at = json; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '\n' || is_harmless(character))
            g_string_append_unichar(escaped, character);
        else if (character < 0x10000)
            g_string_append_printf(escaped, "\\u%04x", character);
        else
            g_string_append_printf(escaped, "\\u%04x\\u%04x",
                                   0xd800 + ((character - 0x10000) >> 10),
                                   0xdc00 + ((character - 0x10000) & 0x3ff));
    }
    return g_string_free(escaped, FALSE);
}
