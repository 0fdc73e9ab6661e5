/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>

#include <glib.h>

#include "ctl/escape.h"

static const struct {
    const char *name;
    const char *text;
    const char *escaped;
} rows[] = {
    { "plain", "web 1", "web 1" },
    { "umlaut", "b\u00fcro", "b\u00fcro" },
    { "colour", "\x1b[31mred", "\\u{001b}[31mred" },
    { "new line", "a\nb\r\t", "a\\u{000a}b\\u{000d}\\u{0009}" },
    { "one-character CSI",
      "\xc2\x9b"
      "2J",
      "\\u{009b}2J" },
    { "right to left", "a\u202eb", "a\\u{202e}b" },
    { "zero width", "a\u200bb", "a\\u{200b}b" },
    { "line separator", "a\u2028b", "a\\u{2028}b" },
    { "bad byte", "a\xff", "a\\xff" },
    { "cut character", "a\xe2\x82", "a\\xe2\\x82" },
    { "overlong", "\xc0\xaf", "\\xc0\\xaf" },
    { "passing for an escape", "\\x41", "\\\\x41" },
};

static void
test_text_cannot_act(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *escaped = vt_escape_text(rows[i].text);

        g_test_message("%s", rows[i].name);
        g_assert_cmpstr(escaped, ==, rows[i].escaped);
    }
}

static void
test_json_keeps_its_value(void)
{
    g_autofree char *escaped =
        vt_escape_json("{\n  \"a\" : \"\xc2\x9b\u202e\u00fc\U000e0001\"\n}");

    g_assert_cmpstr(escaped, ==, "{\n  \"a\" : \"\\u009b\\u202e\u00fc\\udb40\\udc01\"\n}");
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/escape/text-cannot-act", test_text_cannot_act);
    g_test_add_func("/ctl/escape/json-keeps-its-value", test_json_keeps_its_value);
    return g_test_run();
}
