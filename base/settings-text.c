/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/settings-text.h"

#include <string.h>

#include "base/error.h"

struct VtSettingsText {
    GKeyFile *key_file;
    GHashTable *places; /* "[group]" or "[group] key" -> "'FILE', line N", both owned */
};

/* The line that is being read. */
typedef struct {
    const char *file;
    unsigned number;
    char *group; /* NULL: before the first one */
} Cursor;

static void
cursor_clear(Cursor *cursor)
{
    g_free(cursor->group);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cursor, cursor_clear)

VtSettingsText *
vt_settings_text_new(void)
{
    VtSettingsText *text = g_new0(VtSettingsText, 1);
    text->key_file = g_key_file_new();
    text->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return text;
}

void
vt_settings_text_free(VtSettingsText *text)
{
    if (text == NULL)
        return;
    g_key_file_unref(text->key_file);
    g_hash_table_unref(text->places);
    g_free(text);
}

static bool
fail(const Cursor *cursor, const char *reason, GError **error)
{
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s', line %u: %s", cursor->file,
                cursor->number, reason);
    return false;
}

static void
remember_place(VtSettingsText *text, const Cursor *cursor, const char *key)
{
    char *place = key != NULL ? g_strdup_printf("[%s] %s", cursor->group, key)
                              : g_strdup_printf("[%s]", cursor->group);
    g_hash_table_replace(text->places, place,
                         g_strdup_printf("'%s', line %u", cursor->file, cursor->number));
}

/* What GKeyFile takes for the name of a group. */
static bool
is_group_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '[' || *at == ']' || g_ascii_iscntrl(*at))
            return false;
    }
    return *name != '\0';
}

static bool
is_key(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_')
            return false;
    }
    return *name != '\0';
}

/* @line is "[...". */
static bool
read_group(VtSettingsText *text, Cursor *cursor, char *line, GError **error)
{
    size_t n_line = strlen(line);
    if (line[n_line - 1] != ']')
        return fail(cursor, "']' is missing at the end", error);
    line[n_line - 1] = '\0';
    if (!is_group_name(line + 1))
        return fail(cursor, "that cannot be the name of a group", error);
    g_free(cursor->group);
    cursor->group = g_strdup(line + 1);
    remember_place(text, cursor, NULL);
    if (!g_key_file_has_group(text->key_file, cursor->group)) {
        /* The only way to a group without keys. */
        g_key_file_set_value(text->key_file, cursor->group, "key", "");
        g_key_file_remove_key(text->key_file, cursor->group, "key", NULL);
    }
    return true;
}

static bool
read_value(VtSettingsText *text, const Cursor *cursor, char *line, GError **error)
{
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return fail(cursor, "neither '[group]' nor 'key=value' nor a comment", error);
    *equals = '\0';
    const char *key = g_strchomp(line);
    if (!is_key(key))
        return fail(cursor, "what stands before '=' cannot be a key", error);
    if (cursor->group == NULL)
        return fail(cursor, "a key before the first '[group]'", error);
    g_key_file_set_value(text->key_file, cursor->group, key, g_strchug(equals + 1));
    remember_place(text, cursor, key);
    return true;
}

static bool
read_line(VtSettingsText *text, Cursor *cursor, char *line, GError **error)
{
    cursor->number++;
    g_strstrip(line);
    if (*line == '\0' || *line == '#' || *line == ';')
        return true;
    if (*line == '[')
        return read_group(text, cursor, line, error);
    return read_value(text, cursor, line, error);
}

bool
vt_settings_text_add(VtSettingsText *text,
                     const char *name,
                     const char *content,
                     size_t n_bytes,
                     GError **error)
{
    g_auto(Cursor) cursor = { .file = name };
    g_auto(GStrv) lines = NULL;
    const char *bad = NULL;

    if (n_bytes == 0)
        return true;
    if (!g_utf8_validate_len(content, n_bytes, &bad)) {
        for (const char *at = content; at < bad; at++)
            cursor.number += *at == '\n';
        cursor.number++;
        return fail(&cursor, "bytes that are not UTF-8", error);
    }
    g_autofree char *copy = g_strndup(content, n_bytes);
    lines = g_strsplit(copy, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (!read_line(text, &cursor, lines[i], error))
            return false;
    }
    return true;
}

GKeyFile *
vt_settings_text_get_key_file(VtSettingsText *text)
{
    return text->key_file;
}

void
vt_settings_text_locate(const VtSettingsText *text, GError **error)
{
    if (error == NULL || *error == NULL || (*error)->message[0] != '[')
        return;
    const char *end = strstr((*error)->message, ": ");
    if (end == NULL)
        return;
    g_autofree char *place = g_strndup((*error)->message, (size_t)(end - (*error)->message));
    const char *where = g_hash_table_lookup(text->places, place);
    /* What is missing from a group is told where the group begins. */
    char *bracket = strchr(place, ']');
    if (where == NULL && bracket != NULL) {
        bracket[1] = '\0';
        where = g_hash_table_lookup(text->places, place);
    }
    if (where != NULL)
        g_prefix_error(error, "%s: ", where);
}
