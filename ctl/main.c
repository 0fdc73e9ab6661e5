/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#include "ctl/command.h"

#define EXIT_USAGE 2

typedef struct {
    gboolean help;
    gboolean version;
    gboolean json;
    gboolean host;
    char *socket_path;
    char **words;
} Arguments;

static void
arguments_clear(Arguments *arguments)
{
    g_free(arguments->socket_path);
    g_strfreev(arguments->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Arguments, arguments_clear)

static GOptionContext *
describe_arguments(Arguments *arguments)
{
    const GOptionEntry entries[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, &arguments->help, "Show this help and end", NULL },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &arguments->version, "Show the version and end",
          NULL },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &arguments->json,
          "Print every fact as JSON, durations in nanoseconds", NULL },
        { "host", 0, 0, G_OPTION_ARG_NONE, &arguments->host,
          "Ask virt-time-hostd where a command would ask virt-time-agent", NULL },
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &arguments->socket_path,
          "Ask the daemon at this socket", "PATH" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->words, NULL,
          "COMMAND" },
        G_OPTION_ENTRY_NULL,
    };
    GOptionContext *context = g_option_context_new("- look into virt-time's daemons");
    g_autoptr(GString) description = g_string_new("Commands:\n");
    const VtCommand *command = NULL;

    for (size_t i = 0; (command = vt_command_get_nth(i)) != NULL; i++)
        g_string_append_printf(description, "  %-20s  %s\n", command->name, command->summary);
    g_string_append(description, "  help COMMAND          explain a command and its output");
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description->str);
    return context;
}

static int report_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);

static int
report_usage(const char *format, ...)
{
    va_list arguments;

    fputs("virt-timectl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nTry 'virt-timectl --help'.\n", stderr);
    return EXIT_USAGE;
}

/* What cannot be written (a full disk, a closed pipe) was not answered. */
static int
print_answer(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        perror("virt-timectl: cannot write the answer");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int
print_command_help(const VtCommand *command)
{
    g_autofree char *text =
        g_strdup_printf("Usage: virt-timectl %s [--json] [--socket PATH]%s\n\n%s",
                        command->name, command->both_sides ? " [--host]" : "", command->help);

    return print_answer(text);
}

static int
run_command(const VtCommand *command, const Arguments *arguments)
{
    g_autoptr(GError) error = NULL;
    VtRequest request = {
        .side = arguments->host ? VT_SIDE_HOST : command->side,
        .socket_path = arguments->socket_path,
        .json = arguments->json,
    };
    g_autofree char *answer = command->run(&request, &error);

    if (answer == NULL) {
        fprintf(stderr, "virt-timectl: %s\n", error->message);
        return EXIT_FAILURE;
    }
    return print_answer(answer);
}

static int
dispatch(const Arguments *arguments, GOptionContext *context)
{
    char **words = arguments->words;
    bool help = arguments->help;

    if (arguments->version)
        return print_answer("virt-timectl " VT_VERSION "\n");
    if (words != NULL && g_str_equal(words[0], "help")) {
        help = true;
        words++;
    }
    if (words == NULL || words[0] == NULL) {
        if (!help)
            return report_usage("no command");
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        return print_answer(text);
    }

    const VtCommand *command = vt_command_find(words[0]);
    if (command == NULL)
        return report_usage("no such command: '%s'", words[0]);
    if (words[1] != NULL)
        return report_usage("one word too many: '%s'", words[1]);
    if (help)
        return print_command_help(command);
    if (arguments->host && command->side != VT_SIDE_HOST && !command->both_sides)
        return report_usage("'%s' has no --host", command->name);
    return run_command(command, arguments);
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_auto(Arguments) arguments = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = describe_arguments(&arguments);

    if (!g_option_context_parse(context, &argc, &argv, &error))
        return report_usage("%s", error->message);
    return dispatch(&arguments, context);
}
