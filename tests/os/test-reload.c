/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "base/error.h"
#include "os/reload.h"

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
        .is_fixed = true,
    },
};

typedef struct {
    char *folder;
    VtDaemon daemon;
    Settings started;
    VtReload *reload;
    const Settings *applied;
    unsigned n_applied;
    bool refuses;
} Fixture;

static bool
on_reload(const void *config, void *user_data, GError **error)
{
    Fixture *fixture = user_data;
    if (fixture->refuses) {
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "not now");
        return false;
    }
    fixture->applied = config;
    fixture->n_applied++;
    return true;
}

static void
write_settings(const Fixture *fixture, const char *content)
{
    g_assert_true(g_file_set_contents(fixture->daemon.chosen_file, content, -1, NULL));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->daemon.rules.options =
        (VtOptionTable){ .options = options, .n_options = G_N_ELEMENTS(options) };
    fixture->daemon.chosen_file = g_build_filename(fixture->folder, "x.conf", NULL);
    write_settings(fixture, "[main]\nnumber=3\ntext=old\n");
    g_assert_true(vt_daemon_load_settings(&fixture->daemon, &fixture->started, NULL));
    fixture->reload = vt_reload_new(&fixture->daemon, &fixture->started, sizeof(Settings));
    vt_reload_set_func(fixture->reload, on_reload, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_reload_free(fixture->reload);
    vt_options_clear(&fixture->daemon.rules.options, &fixture->started);
    g_unlink(fixture->daemon.chosen_file);
    g_rmdir(fixture->folder);
    vt_daemon_clear(&fixture->daemon);
    g_free(fixture->folder);
}

static void
test_new_settings_are_handed_over(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    write_settings(fixture, "[main]\nnumber=4\ntext=old\n");

    g_auto(GStrv) restarts = vt_reload_run(fixture->reload, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(restarts), ==, 0);
    g_assert_cmpint(fixture->applied->number, ==, 4);
    g_assert_cmpint(fixture->started.number, ==, 3);
}

static void
test_wrong_settings_change_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    write_settings(fixture, "[main]\ntext=new\nnumber=400\n");

    g_auto(GStrv) restarts = vt_reload_run(fixture->reload, &error);

    g_autofree char *expected =
        g_strdup_printf("'%s', line 3: [main] number: '400' is not between 1 and 9",
                        fixture->daemon.chosen_file);
    g_assert_null(restarts);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_cmpuint(fixture->n_applied, ==, 0);
}

static void
test_what_needs_a_restart_is_named_until_then(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_settings(fixture, "[main]\nnumber=4\ntext=new\n");
    g_auto(GStrv) first = vt_reload_run(fixture->reload, NULL);
    g_auto(GStrv) second = vt_reload_run(fixture->reload, NULL);
    write_settings(fixture, "[main]\ntext=old\n");
    g_auto(GStrv) third = vt_reload_run(fixture->reload, NULL);

    g_assert_cmpstr(first[0], ==, "[main] text");
    g_assert_cmpstr(second[0], ==, "[main] text");
    g_assert_null(third[0]);
    g_assert_cmpuint(fixture->n_applied, ==, 3);
    g_assert_cmpint(fixture->applied->number, ==, 7);
}

static void
test_refusal_is_passed_on(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    fixture->refuses = true;

    g_assert_null(vt_reload_run(fixture->reload, &error));

    g_assert_cmpstr(error->message, ==, "not now");
}

#define ADD(name, test) g_test_add("/os/reload/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("new-settings-are-handed-over", test_new_settings_are_handed_over);
    ADD("wrong-settings-change-nothing", test_wrong_settings_change_nothing);
    ADD("what-needs-a-restart-is-named-until-then",
        test_what_needs_a_restart_is_named_until_then);
    ADD("refusal-is-passed-on", test_refusal_is_passed_on);
    return g_test_run();
}
