/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/error.h"
#include "base/settings-text.h"

static bool
add(VtSettingsText *text, const char *name, const char *content, GError **error)
{
    return vt_settings_text_add(text, name, content, strlen(content), error);
}

static void
test_later_file_overrides_key_by_key(void)
{
    g_autoptr(VtSettingsText) text = vt_settings_text_new();

    g_assert_true(add(text, "a", "[main]\n x = 1 \n y=2\n[other z]\n", NULL));
    g_assert_true(add(text, "b", "# words\n; more\n\n[main]\ny=\tthree = 3\r\n", NULL));

    GKeyFile *file = vt_settings_text_get_key_file(text);
    g_autofree char *x = g_key_file_get_string(file, "main", "x", NULL);
    g_autofree char *y = g_key_file_get_string(file, "main", "y", NULL);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    g_assert_cmpstr(x, ==, "1");
    g_assert_cmpstr(y, ==, "three = 3");
    g_assert_cmpuint(g_strv_length(groups), ==, 2);
    g_assert_cmpstr(groups[1], ==, "other z");
}

static void
test_bad_line_is_told_with_file_and_number(void)
{
    static const struct {
        const char *content;
        const char *message;
    } rows[] = {
        { "[main]\n\nwords\n", "'f', line 3: neither '[group]' nor 'key=value' nor a comment" },
        { "x=1\n", "'f', line 1: a key before the first '[group]'" },
        { "[main\n", "'f', line 1: ']' is missing at the end" },
        { "[]\n", "'f', line 1: that cannot be the name of a group" },
        { "[a]b]\n", "'f', line 1: that cannot be the name of a group" },
        { "[main]\n=1\n", "'f', line 2: what stands before '=' cannot be a key" },
        { "[main]\nx y=1\n", "'f', line 2: what stands before '=' cannot be a key" },
        { "[main]\nx[de]=1\n", "'f', line 2: what stands before '=' cannot be a key" },
        { "[main]\nx=1\ny=\xff\n", "'f', line 3: bytes that are not UTF-8" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(VtSettingsText) text = vt_settings_text_new();
        g_autoptr(GError) error = NULL;
        g_assert_false(add(text, "f", rows[i].content, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void
test_byte_zero_is_refused(void)
{
    static const char content[] = "[main]\nx=1\0y=2\n";
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(vt_settings_text_add(text, "f", content, sizeof content - 1, &error));

    g_assert_cmpstr(error->message, ==, "'f', line 2: bytes that are not UTF-8");
}

static void
test_place_of_what_is_wrong_is_found(void)
{
    static const struct {
        const char *message;
        const char *located;
    } rows[] = {
        { "[main] x: bad", "'b', line 2: [main] x: bad" },
        { "[main] y: bad", "'a', line 3: [main] y: bad" },
        { "[server a] address: missing", "'a', line 4: [server a] address: missing" },
        { "[server a]: bad", "'a', line 4: [server a]: bad" },
        { "[none] x: bad", "[none] x: bad" },
        { "[odd", "[odd" },
        { "bad", "bad" },
    };
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_assert_true(add(text, "a", "[main]\nx=1\ny=1\n[server a]\n", NULL));
    g_assert_true(add(text, "b", "[main]\nx=2\n", NULL));

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error =
            g_error_new_literal(VT_ERROR, VT_ERROR_INVALID, rows[i].message);
        vt_settings_text_locate(text, &error);
        g_assert_cmpstr(error->message, ==, rows[i].located);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/settings-text/later-file-overrides-key-by-key",
                    test_later_file_overrides_key_by_key);
    g_test_add_func("/base/settings-text/bad-line-is-told-with-file-and-number",
                    test_bad_line_is_told_with_file_and_number);
    g_test_add_func("/base/settings-text/byte-zero-is-refused", test_byte_zero_is_refused);
    g_test_add_func("/base/settings-text/place-of-what-is-wrong-is-found",
                    test_place_of_what_is_wrong_is_found);
    return g_test_run();
}
