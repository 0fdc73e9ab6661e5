/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/daemon.h"

#include <stdio.h>

#include "base/error.h"
#include "os/log.h"

typedef struct {
    gboolean foreground;
    gboolean debug;
    gboolean check_config;
    gboolean print_settings;
    gboolean version;
    char *config_path;
} CommandLine;

static void
command_line_clear(CommandLine *line)
{
    g_free(line->config_path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CommandLine, command_line_clear)

static bool
parse_command_line(const VtDaemon *daemon,
                   int *argc,
                   char ***argv,
                   CommandLine *ret,
                   GError **error)
{
    const GOptionEntry entries[] = {
        { "foreground", 'f', 0, G_OPTION_ARG_NONE, &ret->foreground, "Log to stderr", NULL },
        { "config", 'c', 0, G_OPTION_ARG_FILENAME, &ret->config_path, "Settings file", "FILE" },
        { "check-config", 0, 0, G_OPTION_ARG_NONE, &ret->check_config,
          "Check the settings and exit", NULL },
        { "print-settings", 0, 0, G_OPTION_ARG_NONE, &ret->print_settings,
          "List every setting and exit", NULL },
        { "debug", 'd', 0, G_OPTION_ARG_NONE, &ret->debug, "Log what developers want to know",
          NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &ret->version, "Show the version and exit",
          NULL },
        G_OPTION_ENTRY_NULL,
    };

    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(context, daemon->summary);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return false;
    if (*argc <= 1)
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "unexpected argument '%s'", (*argv)[1]);
    return false;
}

static const char *
kind_name(VtOptionKind kind)
{
    switch (kind) {
    case VT_OPTION_BOOL:
        return "yes or no";
    case VT_OPTION_INT:
        return "number";
    case VT_OPTION_DURATION:
        return "duration";
    case VT_OPTION_CHOICE:
        return "choice";
    case VT_OPTION_TEXT:
        return "text";
    case VT_OPTION_LIST:
        return "list";
    case VT_OPTION_INVALID:
        break;
    }
    g_assert_not_reached();
}

/* Tab-separated, for people and for the test that compares it with the man page. */
static void
print_options(const VtOption *options, size_t n_options, bool are_fixed)
{
    for (size_t i = 0; i < n_options; i++) {
        const VtOption *option = &options[i];
        g_autofree char *choices = NULL;
        if (option->choices != NULL)
            choices = g_strjoinv("|", (char **)option->choices);
        printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", option->group, option->key,
               kind_name(option->kind), option->default_text, choices != NULL ? choices : "",
               option->summary, are_fixed || option->is_fixed ? "restart" : "");
    }
}

static void
print_settings(const VtDaemon *daemon)
{
    const VtOptionTable *table = &daemon->rules.options;
    print_options(table->options, table->n_options, !daemon->can_reload);
    for (size_t i = 0; i < table->n_repeated; i++)
        print_options(table->repeated[i].options, table->repeated[i].n_options,
                      !daemon->can_reload || table->repeated[i].is_fixed);
}

static bool
fail_usage(const VtDaemon *daemon, const GError *error, int *ret_exit_code)
{
    fprintf(stderr, "%s: %s\n", daemon->name, error->message);
    *ret_exit_code = VT_EXIT_USAGE;
    return false;
}

bool
vt_daemon_load_settings(const VtDaemon *daemon, void *config, GError **error)
{
    VtSettingsPlaces places = {
        .name = daemon->settings_name,
        .folders = vt_settings_folders,
        .file = daemon->chosen_file,
        .is_privileged = daemon->is_privileged,
    };
    return vt_settings_load(&places, &daemon->rules, config, error);
}

bool
vt_daemon_begin(VtDaemon *daemon, int *argc, char ***argv, void *config, int *ret_exit_code)
{
    g_auto(CommandLine) line = { 0 };
    g_autoptr(GError) error = NULL;

    g_set_prgname(daemon->name);
    *ret_exit_code = VT_EXIT_OK;
    if (!parse_command_line(daemon, argc, argv, &line, &error))
        return fail_usage(daemon, error, ret_exit_code);
    if (line.version) {
        printf("%s %s\n", daemon->name, VT_VERSION);
        return false;
    }
    if (line.print_settings) {
        print_settings(daemon);
        return false;
    }

    daemon->chosen_file = g_steal_pointer(&line.config_path);
    if (!vt_daemon_load_settings(daemon, config, &error))
        return fail_usage(daemon, error, ret_exit_code);
    if (line.check_config) {
        vt_options_clear(&daemon->rules.options, config);
        printf("%s: settings are good\n", daemon->name);
        return false;
    }
    vt_log_begin(line.foreground, line.debug);
    return true;
}

void
vt_daemon_clear(VtDaemon *daemon)
{
    g_clear_pointer(&daemon->chosen_file, g_free);
}
