/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include <glib.h>

#include "ctl/facts.h"

static GVariant *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    GVariant *facts = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

    g_assert_no_error(error);
    return facts;
}

static void
test_every_integer_type_is_read(void)
{
    g_autoptr(GVariant) facts = parse("{'x': <int64 -5>, 't': <uint64 0xffffffffffffffff>,"
                                      " 'i': <-7>, 'u': <uint32 9>, 'd': <1.5>, 's': <'1'>}");

    g_assert_cmpint(vt_facts_get_int(facts, "x"), ==, -5);
    g_assert_cmpint(vt_facts_get_int(facts, "t"), ==, INT64_MAX);
    g_assert_cmpint(vt_facts_get_int(facts, "i"), ==, -7);
    g_assert_cmpint(vt_facts_get_int(facts, "u"), ==, 9);
    g_assert_cmpint(vt_facts_get_int(facts, "s"), ==, 0);
    g_assert_cmpfloat(vt_facts_get_number(facts, "d"), ==, 1.5);
    g_assert_cmpfloat(vt_facts_get_number(facts, "u"), ==, 9);
}

static void
test_missing_keys_are_unknown(void)
{
    g_autoptr(GVariant) facts = parse("{'text': <''>, 'flag': <'true'>}");
    g_autofree char *span = vt_facts_format_span(facts, "span-ns");
    g_autofree char *age = vt_facts_format_age(facts, "age-ns");
    g_autofree char *text = vt_facts_format_text(facts, "text", "absent");
    g_autoptr(GVariant) group = vt_facts_get_group(facts, "text");

    g_assert_cmpstr(span, ==, "unknown");
    g_assert_cmpstr(age, ==, "unknown");
    g_assert_cmpstr(text, ==, "absent");
    g_assert_false(vt_facts_get_flag(facts, "flag"));
    g_assert_false(vt_facts_has_entries(group));
}

static void
test_ages_are_short(void)
{
    static const struct {
        const char *age;
        const char *text;
    } rows[] = {
        { "{'a': <int64 900000000>}", "0 s" },
        { "{'a': <int64 99000000000>}", "99 s" },
        { "{'a': <int64 100000000000>}", "1 min" },
        { "{'a': <int64 7200000000000>}", "2 h" },
        { "{'a': <int64 172800000000000>}", "2 d" },
        { "{'a': <int64 9223372036854775807>}", "106751 d" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GVariant) facts = parse(rows[i].age);
        g_autofree char *text = vt_facts_format_age(facts, "a");

        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/facts/every-integer-type-is-read", test_every_integer_type_is_read);
    g_test_add_func("/ctl/facts/missing-keys-are-unknown", test_missing_keys_are_unknown);
    g_test_add_func("/ctl/facts/ages-are-short", test_ages_are_short);
    return g_test_run();
}
