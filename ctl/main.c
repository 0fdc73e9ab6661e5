/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#include "base/error.h"
#include "ctl/command.h"
#include "ctl/style.h"
#include "ctl/watch.h"

#define EXIT_USAGE 2

#define NO_LINES           G_MININT
#define DEFAULT_LINES      10
#define DEFAULT_TIMEOUT_NS (30 * VT_NS_PER_SEC)
#define DEFAULT_WATCH      "1s"
#define LEAST_WATCH_NS     (100 * VT_NS_PER_MS)

typedef struct {
    gboolean help;
    gboolean version;
    gboolean json;
    gboolean verbose;
    gboolean host;
    char *watch; /* NULL: once */
    char *socket_path;
    int n_lines; /* NO_LINES: not given */
    char *max_error;
    char *timeout;
    gboolean against_host;
    char **words;
} Arguments;

static void
arguments_clear(Arguments *arguments)
{
    g_free(arguments->watch);
    g_free(arguments->socket_path);
    g_free(arguments->max_error);
    g_free(arguments->timeout);
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
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &arguments->verbose,
          "Explain the signs and headings", NULL },
        { "watch", 'w', 0, G_OPTION_ARG_STRING, &arguments->watch,
          "Show it again and again, each SPAN (default: 1s)", "SPAN" },
        { "host", 0, 0, G_OPTION_ARG_NONE, &arguments->host,
          "Ask virt-time-hostd where a command would ask virt-time-agent", NULL },
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &arguments->socket_path,
          "Ask the daemon at this socket", "PATH" },
        { "lines", 'n', 0, G_OPTION_ARG_INT, &arguments->n_lines,
          "journal, clients: show so many, the newest (default: 10)", "N" },
        { "max-error", 0, 0, G_OPTION_ARG_STRING, &arguments->max_error,
          "waitsync: the greatest error bound that will do (default: any)", "SPAN" },
        { "timeout", 0, 0, G_OPTION_ARG_STRING, &arguments->timeout,
          "waitsync: how long to wait (default: 30s)", "SPAN" },
        { "against-host", 0, 0, G_OPTION_ARG_NONE, &arguments->against_host,
          "waitsync: in step with the reference will do, right or not", NULL },
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
    bool has_lines = (command->options & VT_COMMAND_HAS_LINES) != 0;
    bool has_wait = (command->options & VT_COMMAND_HAS_WAIT) != 0;
    bool has_verbose = (command->options & VT_COMMAND_HAS_VERBOSE) != 0;
    bool has_watch = (command->options & VT_COMMAND_HAS_WATCH) != 0;
    g_autofree char *text =
        g_strdup_printf("Usage: virt-timectl %s%s%s%s%s%s%s [--json] [--socket PATH]%s\n\n%s",
                        command->name, command->word != NULL ? " " : "",
                        command->word != NULL ? command->word : "", has_lines ? " [-n N]" : "",
                        has_wait ? " [--max-error SPAN] [--timeout SPAN] [--against-host]" : "",
                        has_verbose ? " [-v]" : "", has_watch ? " [--watch[=SPAN]]" : "",
                        command->both_sides ? " [--host]" : "", command->help);

    return print_answer(text);
}

/* NULL, or what is wrong with the options that not every command has. */
static const char *
find_misplaced(const VtCommand *command, const Arguments *arguments)
{
    bool wants_wait =
        arguments->max_error != NULL || arguments->timeout != NULL || arguments->against_host;

    if (arguments->host && command->side != VT_SIDE_HOST && !command->both_sides)
        return "--host";
    if (arguments->n_lines != NO_LINES && (command->options & VT_COMMAND_HAS_LINES) == 0)
        return "--lines";
    if (wants_wait && (command->options & VT_COMMAND_HAS_WAIT) == 0)
        return "--max-error, --timeout or --against-host";
    if (arguments->verbose && (command->options & VT_COMMAND_HAS_VERBOSE) == 0)
        return "--verbose";
    if (arguments->watch != NULL && (command->options & VT_COMMAND_HAS_WATCH) == 0)
        return "--watch";
    return NULL;
}

static bool
make_request(const VtCommand *command,
             const Arguments *arguments,
             VtRequest *ret_request,
             GError **error)
{
    *ret_request = (VtRequest){
        .side = arguments->host ? VT_SIDE_HOST : command->side,
        .json = arguments->json,
        .verbose = arguments->verbose,
        .colour = !arguments->json && vt_style_is_wanted(),
        .n_lines =
            arguments->n_lines == NO_LINES ? DEFAULT_LINES : (unsigned)arguments->n_lines,
        .max_error_ns = VT_NS_MAX,
        .timeout_ns = DEFAULT_TIMEOUT_NS,
        .against_host = arguments->against_host,
    };
    if (arguments->max_error != NULL &&
        !vt_ns_parse(arguments->max_error, &ret_request->max_error_ns, error))
        return false;
    return arguments->timeout == NULL ||
           vt_ns_parse(arguments->timeout, &ret_request->timeout_ns, error);
}

static int
report_failure(const GError *error)
{
    if (g_error_matches(error, VT_ERROR, VT_ERROR_INVALID))
        return report_usage("%s", error->message);
    fprintf(stderr, "virt-timectl: %s\n", error->message);
    return EXIT_FAILURE;
}

static int
watch_command(const VtCommand *command, const VtRequest *request, const char *span)
{
    g_autoptr(GError) error = NULL;
    VtNs every_ns;

    if (!vt_ns_parse(span, &every_ns, &error))
        return report_usage("%s", error->message);
    if (every_ns < LEAST_WATCH_NS)
        return report_usage("--watch cannot be shorter than 100ms");
    return vt_watch_run(command, request, every_ns, &error) ? EXIT_SUCCESS
                                                            : report_failure(error);
}

static int
run_command(const VtCommand *command, const Arguments *arguments, const char *word)
{
    g_autoptr(GError) error = NULL;
    VtRequest request;

    if (!make_request(command, arguments, &request, &error))
        return report_usage("%s", error->message);
    g_autoptr(VtSession) session = vt_session_new(request.side, arguments->socket_path);
    request.session = session;
    request.word = word;
    if (arguments->watch != NULL)
        return watch_command(command, &request, arguments->watch);
    g_autofree char *answer = command->run(&request, &error);
    return answer != NULL ? print_answer(answer) : report_failure(error);
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
    const char *word = words[1];
    if (word != NULL && command->word == NULL)
        return report_usage("one word too many: '%s'", word);
    if (word != NULL && words[2] != NULL)
        return report_usage("one word too many: '%s'", words[2]);
    if (help)
        return print_command_help(command);
    if (word == NULL && command->word != NULL && command->word[0] != '[')
        return report_usage("'%s' needs %s", command->name, command->word);
    if (arguments->n_lines != NO_LINES && arguments->n_lines < 0)
        return report_usage("--lines cannot be negative");
    const char *misplaced = find_misplaced(command, arguments);
    if (misplaced != NULL)
        return report_usage("'%s' has no %s", command->name, misplaced);
    return run_command(command, arguments, word);
}

/* Else GOption would take the name of a command that follows for the span, which has a digit. */
static void
name_default_watch(int argc, char **argv)
{
    for (int i = 1; i < argc && !g_str_equal(argv[i], "--"); i++) {
        bool is_watch = g_str_equal(argv[i], "--watch") || g_str_equal(argv[i], "-w");
        bool has_span = i + 1 < argc && g_ascii_isdigit(argv[i + 1][0]);
        if (is_watch && !has_span)
            argv[i] = (char *)"--watch=" DEFAULT_WATCH;
    }
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    g_set_prgname("virt-timectl");
    g_auto(Arguments) arguments = { .n_lines = NO_LINES };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = describe_arguments(&arguments);

    name_default_watch(argc, argv);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return report_usage("%s", error->message);
    return dispatch(&arguments, context);
}
