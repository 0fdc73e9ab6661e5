/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/chrony-words.h"

#include <string.h>

#include "ctl/chrony-import.h"

char **
vt_chrony_split(const char *line)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit_set(line, " \t\r\v\f", -1);

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (*parts[i] != '\0')
            g_strv_builder_add(words, parts[i]);
    }
    return g_strv_builder_end(words);
}

bool
vt_chrony_parse_int(const char *word, int64_t least, int64_t greatest, int64_t *ret_value)
{
    gint64 value;
    if (!g_ascii_string_to_signed(word, 10, least, greatest, &value, NULL))
        return false;
    *ret_value = value;
    return true;
}

bool
vt_chrony_is_host(const char *word)
{
    for (const char *at = word; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr(".:-_%", *at) == NULL)
            return false;
    }
    return *word != '\0';
}

bool
vt_chrony_is_path(const char *word)
{
    for (const char *at = word; *at != '\0'; at++) {
        if (!g_ascii_isgraph(*at) || *at == '\\')
            return false;
    }
    return *word == '/';
}

void
vt_chrony_note(GPtrArray *notes, const VtChronyPlace *place, const char *reason)
{
    VtChronyNote *note = g_new0(VtChronyNote, 1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; place->words[i] != NULL && (place->n_words == 0 || i < place->n_words);
         i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", place->words[i]);
    note->line = place->line;
    note->text = g_utf8_make_valid(text->str, -1);
    note->reason = reason;
    g_ptr_array_add(notes, note);
}

const char *
vt_chrony_name(GHashTable *names, const char *wanted)
{
    char *name = g_strdup(wanted);

    for (unsigned n_tries = 2; g_hash_table_contains(names, name); n_tries++) {
        g_free(name);
        name = g_strdup_printf("%s-%u", wanted, n_tries);
    }
    g_hash_table_add(names, name);
    return name;
}
