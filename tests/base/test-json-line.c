/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "base/json-line.h"

static char *
write_text(const char *record)
{
    return vt_json_line_write(
        g_variant_parse(G_VARIANT_TYPE_VARDICT, record, NULL, NULL, NULL));
}

static void
test_writes_sorted_members(void)
{
    g_autofree char *line =
        write_text("{'offset-ns': <int64 -5>, 'cause': <'resumed'>, 'failed': <false>,"
                   " 'rate': <1.5>, 'number': <uint64 18446744073709551615>}");

    g_assert_cmpstr(line, ==,
                    "{\"cause\":\"resumed\",\"failed\":false,\"number\":18446744073709551615,"
                    "\"offset-ns\":-5,\"rate\":1.5}");
}

static void
test_text_is_escaped(void)
{
    g_autofree char *line = write_text("{'name': <'a\"b\\\\c\\n\\u001b[2J\\u00e9'>}");

    g_assert_cmpstr(line, ==, "{\"name\":\"a\\\"b\\\\c\\u000a\\u001b[2J\u00e9\"}");
}

static void
test_what_json_has_not_is_left_out(void)
{
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "nan", "d", NAN);
    g_variant_dict_insert(&dict, "more", "d", INFINITY);
    g_variant_dict_insert(&dict, "whole", "d", 3.0);
    g_autofree char *line = vt_json_line_write(g_variant_dict_end(&dict));

    g_assert_cmpstr(line, ==, "{\"whole\":3.0}");
}

static void
test_reads_what_it_writes(void)
{
    static const char record[] =
        "{'cause': <'a \"b\" \\\\ \\n \\u00e9 \\U0001f550'>, 'failed': <true>, 'least': <int64 "
        "-9223372036854775808>, 'most': <int64 9223372036854775807>, 'rate': <-1.25e-07>}";
    g_autoptr(GVariant) before =
        g_variant_parse(G_VARIANT_TYPE_VARDICT, record, NULL, NULL, NULL);
    g_autoptr(GVariant) after = NULL;
    g_autofree char *line = vt_json_line_write(before);
    g_autofree char *again = NULL;

    g_assert_true(vt_json_line_read(line, strlen(line), &after));
    again = vt_json_line_write(after);

    g_assert_cmpstr(again, ==, line);
    g_assert_cmpuint(g_variant_n_children(after), ==, 5);
}

static void
test_reads_what_others_write(void)
{
    static const char line[] =
        " { \"a\" : \"\\u00e9\\ud83d\\udd50\\/\\t\" , \"b\":1e3 , \"c\" : -0 } ";
    g_autoptr(GVariant) record = NULL;
    const char *text = NULL;
    double number = 0;

    g_assert_true(vt_json_line_read(line, strlen(line), &record));

    g_assert_true(g_variant_lookup(record, "a", "&s", &text));
    g_assert_cmpstr(text, ==, "\u00e9\U0001f550/\t");
    g_assert_true(g_variant_lookup(record, "b", "d", &number));
    g_assert_cmpfloat(number, ==, 1000.0);
}

static void
test_refuses_all_else(void)
{
    static const char *const rows[] = {
        "",
        "{",
        "}",
        "[]",
        "null",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":{}}",
        "{\"a\":[1]}",
        "{\"a\":null}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"b}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\\udd50\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":1e999}",
        "{\"a\":--1}",
        "{\"a\":truefalse}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GVariant *record = NULL;
        g_autofree char *shown =
            g_strescape(rows[i], NULL); /* TAP is text, these are not all */
        g_test_message("%s", shown);
        g_assert_false(vt_json_line_read(rows[i], strlen(rows[i]), &record));
        g_assert_null(record);
    }
}

static void
test_a_line_cut_anywhere_is_refused(void)
{
    static const char line[] = "{\"cause\":\"re\\u00e9sumed\",\"failed\":true,\"n\":-12.5e1}";
    size_t n_bytes = strlen(line);

    for (size_t n_left = 0; n_left < n_bytes; n_left++) {
        /* Of its own allocation, so that a sanitizer sees what reads beyond. */
        g_autofree char *part = g_memdup2(line, n_left);
        GVariant *record = NULL;
        g_assert_false(vt_json_line_read(part, n_left, &record));
    }
}

static void
test_a_line_beyond_the_bound_is_refused(void)
{
    g_autofree char *blanks = g_strnfill(VT_JSON_LINE_MAX_BYTES, ' ');
    g_autofree char *line = g_strconcat("{}", blanks, NULL);
    GVariant *record = NULL;

    g_assert_false(vt_json_line_read(line, strlen(line), &record));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/json-line/writes-sorted-members", test_writes_sorted_members);
    g_test_add_func("/base/json-line/text-is-escaped", test_text_is_escaped);
    g_test_add_func("/base/json-line/what-json-has-not-is-left-out",
                    test_what_json_has_not_is_left_out);
    g_test_add_func("/base/json-line/reads-what-it-writes", test_reads_what_it_writes);
    g_test_add_func("/base/json-line/reads-what-others-write", test_reads_what_others_write);
    g_test_add_func("/base/json-line/refuses-all-else", test_refuses_all_else);
    g_test_add_func("/base/json-line/a-line-cut-anywhere-is-refused",
                    test_a_line_cut_anywhere_is_refused);
    g_test_add_func("/base/json-line/a-line-beyond-the-bound-is-refused",
                    test_a_line_beyond_the_bound_is_refused);
    return g_test_run();
}
