/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "ctl/escape.h"

static void sort_keys(JsonNode *node);

static void
sort_object(JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    JsonObject *sorted = json_object_new();
    g_autoptr(GList) keys = json_object_get_members(object);

    keys = g_list_sort(keys, (GCompareFunc)strcmp);
    for (const GList *key = keys; key != NULL; key = key->next) {
        JsonNode *member = json_object_dup_member(object, key->data);
        sort_keys(member);
        json_object_set_member(sorted, key->data, member);
    }
    json_node_take_object(node, sorted);
}

/* Dictionaries come in the order of somebody's hash table; a person looks for a key by name. */
static void
sort_keys(JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        sort_object(node);
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return;
    JsonArray *array = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(array); i++)
        sort_keys(json_array_get_element(array, i));
}

char *
vt_json_from_answer(GVariant *answer)
{
    g_autoptr(JsonNode) node = json_gvariant_serialize(answer);
    sort_keys(node);
    g_autofree char *json = json_to_string(node, TRUE);
    g_autofree char *escaped = vt_escape_json(json);

    return g_strconcat(escaped, "\n", NULL);
}
