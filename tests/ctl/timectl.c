/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/ctl/timectl.h"

#include <gio/gio.h>

void
outcome_clear(Outcome *outcome)
{
    g_free(outcome->output);
    g_free(outcome->errors);
}

const char *
timectl_get_path(void)
{
    return VT_TEST_TIMECTL;
}

static void
on_result(GObject *source, GAsyncResult *result, gpointer user_data)
{
    (void)source;
    GAsyncResult **slot = user_data;

    *slot = g_object_ref(result);
}

Outcome
timectl_run(const char *const *words)
{
    Outcome outcome = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_strv_builder_add(builder, VT_TEST_TIMECTL);
    g_strv_builder_addv(builder, (const char **)words);
    g_auto(GStrv) line = g_strv_builder_end(builder);
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        (const char *const *)line,
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    g_assert_no_error(error);

    g_subprocess_communicate_utf8_async(process, NULL, NULL, on_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_subprocess_communicate_utf8_finish(process, result, &outcome.output, &outcome.errors,
                                         &error);
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_if_exited(process));
    outcome.exit_code = g_subprocess_get_exit_status(process);
    return outcome;
}
