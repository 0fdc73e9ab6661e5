/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "os/settings.h"

typedef struct {
    int64_t number;
    char *text;
} Settings;

static const VtOption options[] = {
    {
        .group = "main",
        .key = "number",
        .kind = VT_OPTION_INT,
        .field_offset = offsetof(Settings, number),
        .default_text = "7",
        .least = 1,
        .greatest = 9,
    },
    {
        .group = "main",
        .key = "text",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(Settings, text),
        .default_text = "",
    },
};

static bool
check(const void *config, GError **error)
{
    const Settings *settings = config;
    if (settings->number != 9)
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "[main] number: nine is too many");
    return false;
}

static const VtSettingsRules rules = {
    .options = { .options = options, .n_options = G_N_ELEMENTS(options) },
    .check = check,
};

/* Three folders as the vendor's, the runtime's and the administrator's. */
typedef struct {
    char *root;
    char *folders[4];
    VtSettingsPlaces places;
} Fixture;

static void
write_file(const Fixture *fixture, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(fixture->root, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = { "usr", "run", "etc" };
    (void)data;
    fixture->root = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        fixture->folders[i] = g_build_filename(fixture->root, names[i], NULL);
    fixture->places.name = "x.conf";
    fixture->places.folders = (const char *const *)fixture->folders;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", fixture->root);
    (void)data;
    g_assert_cmpint(system(command), ==, 0);
    for (size_t i = 0; i < 3; i++)
        g_free(fixture->folders[i]);
    g_free(fixture->root);
}

static void
assert_loads(const Fixture *fixture, int64_t number, const char *text)
{
    Settings settings = { 0 };
    g_autoptr(GError) error = NULL;

    bool is_good = vt_settings_load(&fixture->places, &rules, &settings, &error);

    g_assert_no_error(error);
    g_assert_true(is_good);
    g_assert_cmpint(settings.number, ==, number);
    g_assert_cmpstr(settings.text, ==, text);
    vt_options_clear(&rules.options, &settings);
}

static void
assert_fails(const Fixture *fixture, const char *end)
{
    Settings settings = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(vt_settings_load(&fixture->places, &rules, &settings, &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    g_autofree char *expected = g_strdup_printf("'%s/%s", fixture->root, end);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_null(settings.text);
}

static void
test_nothing_is_needed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_loads(fixture, 7, NULL);
}

static void
test_administrators_file_replaces_the_vendors(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_file(fixture, "usr/x.conf", "[main]\nnumber=1\ntext=vendor\n");
    assert_loads(fixture, 1, "vendor");

    write_file(fixture, "etc/x.conf", "[main]\nnumber=2\n");
    assert_loads(fixture, 2, NULL);
}

static void
test_drop_ins_override_in_the_order_of_their_names(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_file(fixture, "etc/x.conf", "[main]\nnumber=1\ntext=file\n");
    write_file(fixture, "usr/x.conf.d/50-b.conf", "[main]\nnumber=3\n");
    write_file(fixture, "etc/x.conf.d/20-a.conf", "[main]\nnumber=2\ntext=drop-in\n");
    write_file(fixture, "etc/x.conf.d/90-c.conf.bak", "nonsense\n");
    assert_loads(fixture, 3, "drop-in");

    /* The same name in a later folder hides it. */
    write_file(fixture, "run/x.conf.d/50-b.conf", "");
    assert_loads(fixture, 2, "drop-in");
}

static void
test_named_file_stands_alone_with_its_own_folder(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->root, "my.conf", NULL);
    Settings settings = { 0 };
    g_autoptr(GError) error = NULL;
    (void)data;
    write_file(fixture, "etc/x.conf.d/20-a.conf", "[main]\nnumber=2\n");
    fixture->places.file = path;

    g_assert_false(vt_settings_load(&fixture->places, &rules, &settings, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    write_file(fixture, "my.conf", "[main]\nnumber=5\ntext=mine\n");
    write_file(fixture, "my.conf.d/1.conf", "[main]\nnumber=6\n");

    assert_loads(fixture, 6, "mine");
}

static void
test_what_is_wrong_is_told_with_file_and_line(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_file(fixture, "etc/x.conf", "[main]\nnumber=1\n");
    write_file(fixture, "etc/x.conf.d/1.conf", "# too many\n[main]\nnumber=10\n");
    assert_fails(fixture, "etc/x.conf.d/1.conf', line 3: [main] number: '10' is not between 1 "
                          "and 9");

    write_file(fixture, "etc/x.conf.d/1.conf", "[main]\ntext=x\nnumber=9\n");
    assert_fails(fixture, "etc/x.conf.d/1.conf', line 3: [main] number: nine is too many");

    write_file(fixture, "etc/x.conf.d/1.conf", "[main]\n[nain]\n");
    assert_fails(fixture, "etc/x.conf.d/1.conf', line 2: [nain]: unknown group");

    write_file(fixture, "etc/x.conf.d/1.conf", "[main]\nnumber 3\n");
    assert_fails(fixture, "etc/x.conf.d/1.conf', line 2: neither '[group]' nor 'key=value' nor "
                          "a comment");
}

static void
test_privileged_settings_are_nobody_elses(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->root, "etc/x.conf.d/1.conf", NULL);
    (void)data;
    write_file(fixture, "etc/x.conf.d/1.conf", "[main]\nnumber=3\n");
    g_assert_cmpint(g_chmod(path, 0666), ==, 0);
    assert_loads(fixture, 3, NULL);

    fixture->places.is_privileged = true;
    assert_fails(fixture, "etc/x.conf.d/1.conf': others than root can write it; 'chown root' "
                          "and 'chmod go-w' mend that");
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/os/settings/nothing-is-needed", test_nothing_is_needed);
    ADD("/os/settings/administrators-file-replaces-the-vendors",
        test_administrators_file_replaces_the_vendors);
    ADD("/os/settings/drop-ins-override-in-the-order-of-their-names",
        test_drop_ins_override_in_the_order_of_their_names);
    ADD("/os/settings/named-file-stands-alone-with-its-own-folder",
        test_named_file_stands_alone_with_its_own_folder);
    ADD("/os/settings/what-is-wrong-is-told-with-file-and-line",
        test_what_is_wrong_is_told_with_file_and_line);
    ADD("/os/settings/privileged-settings-are-nobody-elses",
        test_privileged_settings_are_nobody_elses);
    return g_test_run();
}
