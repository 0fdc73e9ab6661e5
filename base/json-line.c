/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-line.h"

#include <math.h>
#include <string.h>

static void
append_text(GString *line, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_string_append_c(line, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            g_string_append_printf(line, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            g_string_append_printf(line, "\\u%04x", (unsigned)byte);
        else
            g_string_append_c(line, (char)byte);
    }
    g_string_append_c(line, '"');
}

static void
append_number(GString *line, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(line, g_ascii_dtostr(text, (int)sizeof text, number));
    /* So that it is read back as what it is. */
    if (strpbrk(text, ".e") == NULL)
        g_string_append(line, ".0");
}

static bool
is_writable(GVariant *value)
{
    const GVariantType *type = g_variant_get_type(value);
    if (g_variant_type_equal(type, G_VARIANT_TYPE_DOUBLE))
        return isfinite(g_variant_get_double(value));
    return strchr("sxutb", g_variant_get_type_string(value)[0]) != NULL &&
           g_variant_type_is_basic(type);
}

static void
append_value(GString *line, GVariant *value)
{
    switch (g_variant_classify(value)) {
    case G_VARIANT_CLASS_STRING:
        append_text(line, g_variant_get_string(value, NULL));
        return;
    case G_VARIANT_CLASS_INT64:
        g_string_append_printf(line, "%" G_GINT64_FORMAT, g_variant_get_int64(value));
        return;
    case G_VARIANT_CLASS_UINT64:
        g_string_append_printf(line, "%" G_GUINT64_FORMAT, g_variant_get_uint64(value));
        return;
    case G_VARIANT_CLASS_UINT32:
        g_string_append_printf(line, "%u", g_variant_get_uint32(value));
        return;
    case G_VARIANT_CLASS_BOOLEAN:
        g_string_append(line, g_variant_get_boolean(value) ? "true" : "false");
        return;
    case G_VARIANT_CLASS_DOUBLE:
        append_number(line, g_variant_get_double(value));
        return;
    case G_VARIANT_CLASS_BYTE:
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
        break;
    }
    g_assert_not_reached();
}

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
sort_keys(GVariant *record)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    GVariantIter iter;
    const char *key;

    g_variant_iter_init(&iter, record);
    while (g_variant_iter_next(&iter, "{&sv}", &key, NULL))
        g_ptr_array_add(keys, g_strdup(key));
    g_ptr_array_sort(keys, compare_keys);
    return keys;
}

char *
vt_json_line_write(GVariant *record)
{
    g_autoptr(GVariant) own = g_variant_ref_sink(record);
    g_autoptr(GPtrArray) keys = sort_keys(own);
    GString *line = g_string_new("{");

    for (guint i = 0; i < keys->len; i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(own, keys->pdata[i], NULL);
        if (!is_writable(value))
            continue;
        if (line->len > 1)
            g_string_append_c(line, ',');
        append_text(line, keys->pdata[i]);
        g_string_append_c(line, ':');
        append_value(line, value);
    }
    g_string_append_c(line, '}');
    return g_string_free(line, FALSE);
}

/* What is left to read. */
typedef struct {
    const char *at;
    const char *end;
} Reader;

static void
skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r", *reader->at) != NULL && *reader->at)
        reader->at++;
}

/* Blanks, then @byte. */
static bool
take_byte(Reader *reader, char byte)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static bool
take_word(Reader *reader, const char *word)
{
    size_t n_bytes = strlen(word);
    if ((size_t)(reader->end - reader->at) < n_bytes || memcmp(reader->at, word, n_bytes) != 0)
        return false;
    reader->at += n_bytes;
    return true;
}

static bool
take_hex4(Reader *reader, gunichar *ret_unit)
{
    gunichar unit = 0;
    if (reader->end - reader->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(*reader->at++);
        if (digit < 0)
            return false;
        unit = unit << 4 | (gunichar)digit;
    }
    *ret_unit = unit;
    return true;
}

/* What stands behind "\u"; a pair of surrogates is one character. */
static bool
take_unicode(Reader *reader, GString *text)
{
    gunichar unit, second;
    if (!take_hex4(reader, &unit))
        return false;
    if (unit >= 0xd800 && unit < 0xdc00) {
        if (!take_word(reader, "\\u") || !take_hex4(reader, &second) || second < 0xdc00 ||
            second > 0xdfff)
            return false;
        unit = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
    }
    if (unit == 0 || !g_unichar_validate(unit))
        return false;
    g_string_append_unichar(text, unit);
    return true;
}

static bool
take_escape(Reader *reader, GString *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";

    if (reader->at == reader->end)
        return false;
    char letter = *reader->at++;
    if (letter == 'u')
        return take_unicode(reader, text);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL)
        return false;
    g_string_append_c(text, meant[found - letters]);
    return true;
}

/* NULL unless a text stands here. */
static char *
take_text(Reader *reader)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!take_byte(reader, '"'))
        return NULL;
    while (reader->at < reader->end && *reader->at != '"') {
        char byte = *reader->at++;
        if ((unsigned char)byte < 0x20)
            return NULL;
        if (byte != '\\')
            g_string_append_c(text, byte);
        else if (!take_escape(reader, text))
            return NULL;
    }
    if (!take_byte(reader, '"') || !g_utf8_validate(text->str, (gssize)text->len, NULL))
        return NULL;
    return g_strdup(text->str);
}

static GVariant *
take_number(Reader *reader)
{
    char text[64] = "";
    gint64 integer = 0;
    char *rest;
    size_t n_bytes = 0;

    while (reader->at < reader->end && n_bytes < sizeof text - 1 &&
           (g_ascii_isdigit(*reader->at) || strchr("+-.eE", *reader->at) != NULL) &&
           *reader->at != '\0')
        text[n_bytes++] = *reader->at++;
    if (!g_ascii_isdigit(text[0]) && text[0] != '-')
        return NULL;
    if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &integer, NULL))
        return g_variant_new_int64(integer);
    double number = g_ascii_strtod(text, &rest);
    return *rest == '\0' && isfinite(number) ? g_variant_new_double(number) : NULL;
}

/* NULL unless a flat value stands here; floating. */
static GVariant *
take_value(Reader *reader)
{
    skip_blanks(reader);
    if (take_word(reader, "true"))
        return g_variant_new_boolean(TRUE);
    if (take_word(reader, "false"))
        return g_variant_new_boolean(FALSE);
    if (reader->at < reader->end && *reader->at != '"')
        return take_number(reader);
    g_autofree char *text = take_text(reader);
    return text != NULL ? g_variant_new_string(text) : NULL;
}

static bool
take_members(Reader *reader, GVariantDict *record)
{
    do {
        g_autofree char *key = take_text(reader);
        if (key == NULL || !take_byte(reader, ':') || g_variant_dict_contains(record, key))
            return false;
        GVariant *value = take_value(reader);
        if (value == NULL)
            return false;
        g_variant_dict_insert_value(record, key, value);
    } while (take_byte(reader, ','));
    return take_byte(reader, '}');
}

bool
vt_json_line_read(const char *line, size_t n_bytes, GVariant **ret_record)
{
    Reader reader = { .at = line, .end = line + n_bytes };
    g_auto(GVariantDict) record;

    g_variant_dict_init(&record, NULL);
    if (n_bytes > VT_JSON_LINE_MAX_BYTES || !take_byte(&reader, '{'))
        return false;
    if (!take_byte(&reader, '}') && !take_members(&reader, &record))
        return false;
    skip_blanks(&reader);
    if (reader.at != reader.end)
        return false;
    *ret_record = g_variant_ref_sink(g_variant_dict_end(&record));
    return true;
}
