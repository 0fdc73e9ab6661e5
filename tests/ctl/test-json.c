/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <stdint.h>
#include <string.h>

#include "ctl/json.h"

static JsonNode *
turn(const char *answer_text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = g_variant_parse(NULL, answer_text, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *json = vt_json_from_answer(answer);
    JsonNode *node = json_from_string(json, &error);

    g_assert_no_error(error);
    g_assert_true(g_str_has_suffix(json, "\n"));
    return node;
}

static void
test_keys_and_types_stay(void)
{
    g_autoptr(JsonNode) node =
        turn("{'offset-ns': <int64 -9007199254740993>, 'synchronised': <true>,"
             " 'rate-ppb': <-1.25>, 'last-event': <{'cause': <'resumed'>}>}");
    JsonObject *object = json_node_get_object(node);

    g_assert_cmpint(json_object_get_int_member(object, "offset-ns"), ==, -9007199254740993);
    g_assert_true(json_object_get_boolean_member(object, "synchronised"));
    g_assert_cmpfloat(json_object_get_double_member(object, "rate-ppb"), ==, -1.25);
    JsonObject *event = json_object_get_object_member(object, "last-event");
    g_assert_cmpstr(json_object_get_string_member(event, "cause"), ==, "resumed");
}

static void
test_array_stays_an_array(void)
{
    g_autoptr(JsonNode) none = turn("@aa{sv} []");
    g_autoptr(JsonNode) two = turn("[{'name': <'a'>}, {'name': <'b'>}]");

    g_assert_cmpuint(json_array_get_length(json_node_get_array(none)), ==, 0);
    g_assert_cmpuint(json_array_get_length(json_node_get_array(two)), ==, 2);
}

static void
test_keys_are_sorted(void)
{
    g_autoptr(GVariant) answer =
        g_variant_parse(NULL, "[{'b': <{'d': <true>, 'c': <1>}>, 'a': <2>}]", NULL, NULL, NULL);
    g_autofree char *json = vt_json_from_answer(answer);

    g_assert_true(strchr(json, 'a') < strchr(json, 'b'));
    g_assert_true(strchr(json, 'b') < strchr(json, 'c'));
    g_assert_true(strchr(json, 'c') < strchr(json, 'd'));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/json/keys-and-types-stay", test_keys_and_types_stay);
    g_test_add_func("/ctl/json/array-stays-an-array", test_array_stays_an_array);
    g_test_add_func("/ctl/json/keys-are-sorted", test_keys_are_sorted);
    return g_test_run();
}
