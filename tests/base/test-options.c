/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include "base/error.h"
#include "base/options.h"
#include "base/units.h"

typedef struct {
    bool flag;
    int64_t number;
    VtNs timeout_ns;
    int colour;
    char *text;
    char **list;
} Settings;

static const char *const colours[] = { "red", "green", NULL };

static const VtOption options[] = {
    { "main", "flag", VT_OPTION_BOOL, offsetof(Settings, flag), "no", 0, 0, NULL, "a flag",
      false },
    { "main", "number", VT_OPTION_INT, offsetof(Settings, number), "7", 1, 9, NULL, "a number",
      false },
    { "main", "timeout", VT_OPTION_DURATION, offsetof(Settings, timeout_ns), "2s", VT_NS_PER_MS,
      10 * VT_NS_PER_SEC, NULL, "a span", false },
    { "look", "colour", VT_OPTION_CHOICE, offsetof(Settings, colour), "green", 0, 0, colours,
      "", false },
    { "look", "text", VT_OPTION_TEXT, offsetof(Settings, text), "", 0, 0, NULL, "", false },
    { "look", "list", VT_OPTION_LIST, offsetof(Settings, list), "a b", 0, 0, NULL, "", false },
};

typedef struct {
    char *name;
    char *address;
    int64_t port;
} Server;

typedef struct {
    bool flag;
    GPtrArray *servers;
} Repeating;

static const VtOption server_options[] = {
    { "server NAME", "address", VT_OPTION_TEXT, offsetof(Server, address), "", 0, 0, NULL, "",
      false },
    { "server NAME", "port", VT_OPTION_INT, offsetof(Server, port), "123", 1, 65535, NULL, "",
      false },
};

static const VtOptionKindOfGroup kinds_of_group[] = {
    {
        .kind = "server",
        .field_offset = offsetof(Repeating, servers),
        .n_element_bytes = sizeof(Server),
        .name_offset = offsetof(Server, name),
        .options = server_options,
        .n_options = G_N_ELEMENTS(server_options),
    },
};

static const VtOption single_options[] = {
    { "main", "flag", VT_OPTION_BOOL, offsetof(Repeating, flag), "no", 0, 0, NULL, "a flag",
      false },
};

static const VtOptionTable repeating_table = {
    .options = single_options,
    .n_options = G_N_ELEMENTS(single_options),
    .repeated = kinds_of_group,
    .n_repeated = G_N_ELEMENTS(kinds_of_group),
};

static const VtOptionTable table = { .options = options, .n_options = G_N_ELEMENTS(options) };

static bool
parse(const char *content, Settings *ret_settings, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_assert_true(g_key_file_load_from_data(file, content, -1, G_KEY_FILE_NONE, NULL));
    return vt_options_parse(&table, file, ret_settings, error);
}

static void
test_defaults_hold_without_a_file(void)
{
    Settings settings = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_true(vt_options_parse(&table, NULL, &settings, &error));

    g_assert_false(settings.flag);
    g_assert_cmpint(settings.number, ==, 7);
    g_assert_cmpint(settings.timeout_ns, ==, 2 * VT_NS_PER_SEC);
    g_assert_cmpint(settings.colour, ==, 1);
    g_assert_null(settings.text);
    g_assert_cmpuint(g_strv_length(settings.list), ==, 2);
    vt_options_clear(&table, &settings);
    g_assert_null(settings.list);
}

static void
test_file_wins_over_defaults(void)
{
    Settings settings = { 0 };
    g_autoptr(GError) error = NULL;

    bool parsed = parse("[main]\nflag=on\nnumber=9\ntimeout=250ms\n"
                        "[look]\ncolour=red\ntext=hello\nlist=x;y z\n",
                        &settings, &error);

    g_assert_no_error(error);
    g_assert_true(parsed);
    g_assert_true(settings.flag);
    g_assert_cmpint(settings.number, ==, 9);
    g_assert_cmpint(settings.timeout_ns, ==, 250 * VT_NS_PER_MS);
    g_assert_cmpint(settings.colour, ==, 0);
    g_assert_cmpstr(settings.text, ==, "hello");
    g_assert_cmpuint(g_strv_length(settings.list), ==, 3);
    vt_options_clear(&table, &settings);
}

static void
test_error_names_file_group_and_key(void)
{
    static const struct {
        const char *content;
        const char *message;
    } rows[] = {
        { "[mian]\n", "[mian]: unknown group" },
        { "[main]\nflog=on\n", "[main] flog: unknown key" },
        { "[main]\nflag=maybe\n", "[main] flag: 'maybe' is neither yes nor no" },
        { "[main]\nnumber=10\n", "[main] number: '10' is not between 1 and 9" },
        { "[main]\nnumber=x\n", "[main] number: 'x' is not a whole number" },
        { "[main]\ntimeout=5\n",
          "[main] timeout: duration '5' needs a unit: ns, us, ms, s, min, h or d" },
        { "[main]\ntimeout=1h\n", "[main] timeout: '1h' is not between 1.000 ms and 10.00 s" },
        { "[look]\ncolour=blue\n", "[look] colour: 'blue' is none of red, green" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Settings settings = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(parse(rows[i].content, &settings, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, rows[i].message);
        g_assert_null(settings.list);
    }
}

static bool
parse_repeating(const char *content, Repeating *ret_settings, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_assert_true(g_key_file_load_from_data(file, content, -1, G_KEY_FILE_NONE, NULL));
    return vt_options_parse(&repeating_table, file, ret_settings, error);
}

static void
test_repeated_groups_come_in_the_order_of_the_file(void)
{
    Repeating settings = { 0 };
    g_autoptr(GError) error = NULL;

    bool parsed = parse_repeating("[server office]\naddress=192.0.2.1\n[main]\nflag=yes\n"
                                  "[server at home]\naddress=192.0.2.2\nport=1123\n",
                                  &settings, &error);

    g_assert_no_error(error);
    g_assert_true(parsed);
    g_assert_true(settings.flag);
    g_assert_cmpuint(settings.servers->len, ==, 2);
    const Server *first = g_ptr_array_index(settings.servers, 0);
    const Server *second = g_ptr_array_index(settings.servers, 1);
    g_assert_cmpstr(first->name, ==, "office");
    g_assert_cmpstr(first->address, ==, "192.0.2.1");
    g_assert_cmpint(first->port, ==, 123);
    g_assert_cmpstr(second->name, ==, "at home");
    g_assert_cmpstr(second->address, ==, "192.0.2.2");
    g_assert_cmpint(second->port, ==, 1123);
    vt_options_clear(&repeating_table, &settings);
    g_assert_null(settings.servers);
}

static void
test_no_repeated_group_is_an_empty_list(void)
{
    Repeating settings = { 0 };

    g_assert_true(vt_options_parse(&repeating_table, NULL, &settings, NULL));

    g_assert_cmpuint(settings.servers->len, ==, 0);
    vt_options_clear(&repeating_table, &settings);
}

static void
test_error_in_a_repeated_group_names_it(void)
{
    static const struct {
        const char *content;
        const char *message;
    } rows[] = {
        { "[server]\n", "[server]: unknown group" },
        { "[servers a]\n", "[servers a]: unknown group" },
        { "[server a]\nflag=on\n", "[server a] flag: unknown key" },
        { "[server a]\n[server b]\naddress=x\nport=0\n",
          "[server b] port: '0' is not between 1 and 65535" },
        { "[main]\naddress=x\n", "[main] address: unknown key" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Repeating settings = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(parse_repeating(rows[i].content, &settings, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, rows[i].message);
        g_assert_null(settings.servers);
    }
}

static void
test_fixed_changes_are_listed(void)
{
    static const VtOption fixed_options[] = {
        { "main", "flag", VT_OPTION_BOOL, offsetof(Settings, flag), "no", 0, 0, NULL, "",
          true },
        { "main", "number", VT_OPTION_INT, offsetof(Settings, number), "7", 1, 9, NULL, "",
          false },
        { "look", "colour", VT_OPTION_CHOICE, offsetof(Settings, colour), "red", 0, 0, colours,
          "", true },
        { "look", "text", VT_OPTION_TEXT, offsetof(Settings, text), "", 0, 0, NULL, "", true },
        { "look", "list", VT_OPTION_LIST, offsetof(Settings, list), "a", 0, 0, NULL, "", true },
    };
    static const VtOptionTable fixed = { .options = fixed_options,
                                         .n_options = G_N_ELEMENTS(fixed_options) };
    static const struct {
        const char *content;
        const char *changes;
    } rows[] = {
        { "", "" },
        { "[main]\nnumber=8\n", "" },
        { "[main]\nflag=yes\n[look]\ntext=x\n", "[main] flag, [look] text" },
        { "[look]\ncolour=green\nlist=a b\n", "[look] colour, [look] list" },
    };
    Settings start = { 0 };
    g_assert_true(vt_options_parse(&fixed, NULL, &start, NULL));

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Settings later = { 0 };
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_key_file_load_from_data(file, rows[i].content, -1, G_KEY_FILE_NONE, NULL);
        g_assert_true(vt_options_parse(&fixed, file, &later, NULL));
        g_auto(GStrv) changes = vt_options_list_fixed_changes(&fixed, &start, &later);
        g_autofree char *list = g_strjoinv(", ", changes);
        g_assert_cmpstr(list, ==, rows[i].changes);
        vt_options_clear(&fixed, &later);
    }
    vt_options_clear(&fixed, &start);
}

static void
test_fixed_groups_are_compared_whole(void)
{
    VtOptionKindOfGroup kind = kinds_of_group[0];
    VtOptionTable fixed = repeating_table;
    static const struct {
        const char *content;
        bool is_same;
    } rows[] = {
        { "[server a]\naddress=x\n", true },
        { "[main]\nflag=yes\n[server a]\naddress=x\nport=123\n", true },
        { "[server b]\naddress=x\n", false },
        { "[server a]\naddress=x\nport=124\n", false },
        { "[server a]\naddress=x\n[server b]\naddress=x\n", false },
    };
    Repeating start = { 0 };
    kind.is_fixed = true;
    fixed.repeated = &kind;
    g_assert_true(parse_repeating("[server a]\naddress=x\n", &start, NULL));

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Repeating later = { 0 };
        g_assert_true(parse_repeating(rows[i].content, &later, NULL));
        g_auto(GStrv) changes = vt_options_list_fixed_changes(&fixed, &start, &later);
        g_assert_cmpstr(changes[0], ==, rows[i].is_same ? NULL : "[server]");
        vt_options_clear(&fixed, &later);
    }
    vt_options_clear(&fixed, &start);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/options/defaults-hold-without-a-file",
                    test_defaults_hold_without_a_file);
    g_test_add_func("/base/options/file-wins-over-defaults", test_file_wins_over_defaults);
    g_test_add_func("/base/options/error-names-file-group-and-key",
                    test_error_names_file_group_and_key);
    g_test_add_func("/base/options/repeated-groups-come-in-the-order-of-the-file",
                    test_repeated_groups_come_in_the_order_of_the_file);
    g_test_add_func("/base/options/no-repeated-group-is-an-empty-list",
                    test_no_repeated_group_is_an_empty_list);
    g_test_add_func("/base/options/error-in-a-repeated-group-names-it",
                    test_error_in_a_repeated_group_names_it);
    g_test_add_func("/base/options/fixed-changes-are-listed", test_fixed_changes_are_listed);
    g_test_add_func("/base/options/fixed-groups-are-compared-whole",
                    test_fixed_groups_are_compared_whole);
    return g_test_run();
}
