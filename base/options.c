/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/options.h"

#include <string.h>

#include "base/error.h"
#include "base/units.h"

/* Options of one group, or all of which that group's are a part. */
typedef struct {
    const VtOption *options;
    size_t n_options;
    const char *group; /* NULL: each option names its own */
} Options;

static bool
has_option(const Options *options, const char *group, const char *key)
{
    for (size_t i = 0; i < options->n_options; i++) {
        const VtOption *option = &options->options[i];
        bool group_fits = options->group != NULL || strcmp(option->group, group) == 0;
        if (group_fits && (key == NULL || strcmp(option->key, key) == 0))
            return true;
    }
    return false;
}

/* The name in "[kind name]"; NULL if @group is of another kind. */
static const char *
get_group_name(const VtOptionKindOfGroup *repeated, const char *group)
{
    size_t n_kind = strlen(repeated->kind);
    if (strncmp(group, repeated->kind, n_kind) != 0 || group[n_kind] != ' ')
        return NULL;
    const char *name = group + n_kind + 1;
    return *name != '\0' && *name != ' ' ? name : NULL;
}

static bool
find_options(const VtOptionTable *table, const char *group, Options *ret_options)
{
    Options single = { .options = table->options, .n_options = table->n_options };
    if (has_option(&single, group, NULL)) {
        *ret_options = single;
        return true;
    }
    for (size_t i = 0; i < table->n_repeated; i++) {
        const VtOptionKindOfGroup *repeated = &table->repeated[i];
        if (get_group_name(repeated, group) == NULL)
            continue;
        *ret_options = (Options){ repeated->options, repeated->n_options, group };
        return true;
    }
    return false;
}

static bool
check_group(const VtOptionTable *table, GKeyFile *file, const char *group, GError **error)
{
    Options options;
    if (!find_options(table, group, &options)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "[%s]: unknown group", group);
        return false;
    }

    g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, error);
    if (keys == NULL)
        return false;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (has_option(&options, group, keys[i]))
            continue;
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "[%s] %s: unknown key", group, keys[i]);
        return false;
    }
    return true;
}

static bool
check_names(const VtOptionTable *table, GKeyFile *file, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (size_t i = 0; groups[i] != NULL; i++) {
        if (!check_group(table, file, groups[i], error))
            return false;
    }
    return true;
}

static bool
check_range(const VtOption *option, int64_t value, const char *text, GError **error)
{
    if (value >= option->least && value <= option->greatest)
        return true;
    if (option->kind == VT_OPTION_INT) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "'%s' is not between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, text,
                    option->least, option->greatest);
        return false;
    }
    g_autofree char *least = vt_ns_format_span(option->least);
    g_autofree char *greatest = vt_ns_format_span(option->greatest);
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is not between %s and %s", text, least,
                greatest);
    return false;
}

static bool
parse_bool(const char *text, bool *ret_value, GError **error)
{
    static const char *const yes[] = { "true", "yes", "on", "1", NULL };
    static const char *const no[] = { "false", "no", "off", "0", NULL };

    if (g_strv_contains(yes, text)) {
        *ret_value = true;
        return true;
    }
    if (g_strv_contains(no, text)) {
        *ret_value = false;
        return true;
    }
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is neither yes nor no", text);
    return false;
}

static bool
parse_int(const VtOption *option, const char *text, int64_t *ret_value, GError **error)
{
    char *rest = NULL;
    int64_t value = g_ascii_strtoll(text, &rest, 10);
    if (rest == text || *rest != '\0') {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is not a whole number", text);
        return false;
    }
    if (!check_range(option, value, text, error))
        return false;
    *ret_value = value;
    return true;
}

static bool
parse_duration(const VtOption *option, const char *text, VtNs *ret_value, GError **error)
{
    VtNs value_ns;
    if (!vt_ns_parse(text, &value_ns, error))
        return false;
    if (!check_range(option, value_ns, text, error))
        return false;
    *ret_value = value_ns;
    return true;
}

static bool
parse_choice(const VtOption *option, const char *text, int *ret_value, GError **error)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) != 0)
            continue;
        *ret_value = i;
        return true;
    }
    g_autofree char *known = g_strjoinv(", ", (char **)option->choices);
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is none of %s", text, known);
    return false;
}

static char **
split_list(const char *text)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit_set(text, "; \t", -1);
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (*parts[i] != '\0')
            g_strv_builder_add(words, parts[i]);
    }
    return g_strv_builder_end(words);
}

static bool
parse_value(const VtOption *option, const char *text, void *field, GError **error)
{
    switch (option->kind) {
    case VT_OPTION_BOOL:
        return parse_bool(text, field, error);
    case VT_OPTION_INT:
        return parse_int(option, text, field, error);
    case VT_OPTION_DURATION:
        return parse_duration(option, text, field, error);
    case VT_OPTION_CHOICE:
        return parse_choice(option, text, field, error);
    case VT_OPTION_TEXT:
        *(char **)field = *text != '\0' ? g_strdup(text) : NULL;
        return true;
    case VT_OPTION_LIST:
        *(char ***)field = split_list(text);
        return true;
    case VT_OPTION_INVALID:
        break;
    }
    g_assert_not_reached();
}

static bool
parse_option(const VtOption *option,
             GKeyFile *file,
             const char *group,
             void *config,
             GError **error)
{
    g_autofree char *written = NULL;
    if (file != NULL && g_key_file_has_key(file, group, option->key, NULL)) {
        written = g_key_file_get_string(file, group, option->key, error);
        if (written == NULL)
            return false;
        g_strstrip(written);
    }

    const char *text = written != NULL ? written : option->default_text;
    if (parse_value(option, text, (char *)config + option->field_offset, error))
        return true;
    g_prefix_error(error, "[%s] %s: ", group, option->key);
    return false;
}

static bool
parse_options(const Options *options, GKeyFile *file, void *config, GError **error)
{
    for (size_t i = 0; i < options->n_options; i++) {
        const VtOption *option = &options->options[i];
        const char *group = options->group != NULL ? options->group : option->group;
        if (!parse_option(option, file, group, config, error))
            return false;
    }
    return true;
}

static bool
parse_repeated(const VtOptionKindOfGroup *repeated,
               GKeyFile *file,
               void *config,
               GError **error)
{
    GPtrArray *elements = g_ptr_array_new();
    *(GPtrArray **)((char *)config + repeated->field_offset) = elements;
    if (file == NULL)
        return true;

    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (size_t i = 0; groups[i] != NULL; i++) {
        const char *name = get_group_name(repeated, groups[i]);
        if (name == NULL)
            continue;
        Options options = { repeated->options, repeated->n_options, groups[i] };
        char *element = g_malloc0(repeated->n_element_bytes);
        g_ptr_array_add(elements, element);
        *(char **)(element + repeated->name_offset) = g_strdup(name);
        if (!parse_options(&options, file, element, error))
            return false;
    }
    return true;
}

static bool
parse_table(const VtOptionTable *table, GKeyFile *file, void *config, GError **error)
{
    Options single = { .options = table->options, .n_options = table->n_options };
    if (file != NULL && !check_names(table, file, error))
        return false;
    if (!parse_options(&single, file, config, error))
        return false;
    for (size_t i = 0; i < table->n_repeated; i++) {
        if (!parse_repeated(&table->repeated[i], file, config, error))
            return false;
    }
    return true;
}

bool
vt_options_parse(const VtOptionTable *table, GKeyFile *file, void *config, GError **error)
{
    if (parse_table(table, file, config, error))
        return true;
    vt_options_clear(table, config);
    return false;
}

static void
clear_options(const VtOption *options, size_t n_options, void *config)
{
    for (size_t i = 0; i < n_options; i++) {
        void *field = (char *)config + options[i].field_offset;
        if (options[i].kind == VT_OPTION_TEXT)
            g_clear_pointer((char **)field, g_free);
        if (options[i].kind == VT_OPTION_LIST)
            g_clear_pointer((char ***)field, g_strfreev);
    }
}

static void
clear_repeated(const VtOptionKindOfGroup *repeated, void *config)
{
    GPtrArray **elements = (GPtrArray **)((char *)config + repeated->field_offset);
    for (guint i = 0; *elements != NULL && i < (*elements)->len; i++) {
        char *element = g_ptr_array_index(*elements, i);
        clear_options(repeated->options, repeated->n_options, element);
        g_free(*(char **)(element + repeated->name_offset));
        g_free(element);
    }
    g_clear_pointer(elements, g_ptr_array_unref);
}

void
vt_options_clear(const VtOptionTable *table, void *config)
{
    clear_options(table->options, table->n_options, config);
    for (size_t i = 0; i < table->n_repeated; i++)
        clear_repeated(&table->repeated[i], config);
}

static bool
is_same_field(const VtOption *option, const void *field, const void *other)
{
    switch (option->kind) {
    case VT_OPTION_BOOL:
        return *(const bool *)field == *(const bool *)other;
    case VT_OPTION_INT:
    case VT_OPTION_DURATION:
        return *(const int64_t *)field == *(const int64_t *)other;
    case VT_OPTION_CHOICE:
        return *(const int *)field == *(const int *)other;
    case VT_OPTION_TEXT:
        return g_strcmp0(*(char *const *)field, *(char *const *)other) == 0;
    case VT_OPTION_LIST:
        return g_strv_equal(*(const char *const *const *)field,
                            *(const char *const *const *)other);
    case VT_OPTION_INVALID:
        break;
    }
    g_assert_not_reached();
}

static bool
is_same(const VtOption *option, const void *config, const void *other)
{
    return is_same_field(option, (const char *)config + option->field_offset,
                         (const char *)other + option->field_offset);
}

bool
vt_options_are_same(const VtOptionKindOfGroup *kind, const void *element, const void *other)
{
    const char *name = *(char *const *)((const char *)element + kind->name_offset);
    const char *other_name = *(char *const *)((const char *)other + kind->name_offset);

    for (size_t i = 0; i < kind->n_options; i++) {
        if (!is_same(&kind->options[i], element, other))
            return false;
    }
    return strcmp(name, other_name) == 0;
}

static bool
are_same_groups(const VtOptionKindOfGroup *kind, const void *config, const void *other)
{
    const GPtrArray *elements =
        *(GPtrArray *const *)((const char *)config + kind->field_offset);
    const GPtrArray *others = *(GPtrArray *const *)((const char *)other + kind->field_offset);

    if (elements->len != others->len)
        return false;
    for (guint i = 0; i < elements->len; i++) {
        if (!vt_options_are_same(kind, elements->pdata[i], others->pdata[i]))
            return false;
    }
    return true;
}

char **
vt_options_list_fixed_changes(const VtOptionTable *table, const void *config, const void *other)
{
    g_autoptr(GStrvBuilder) changes = g_strv_builder_new();

    for (size_t i = 0; i < table->n_options; i++) {
        const VtOption *option = &table->options[i];
        if (!option->is_fixed || is_same(option, config, other))
            continue;
        g_autofree char *place = g_strdup_printf("[%s] %s", option->group, option->key);
        g_strv_builder_add(changes, place);
    }
    for (size_t i = 0; i < table->n_repeated; i++) {
        const VtOptionKindOfGroup *kind = &table->repeated[i];
        if (!kind->is_fixed || are_same_groups(kind, config, other))
            continue;
        g_autofree char *place = g_strdup_printf("[%s]", kind->kind);
        g_strv_builder_add(changes, place);
    }
    return g_strv_builder_end(changes);
}
