/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

typedef struct {
    bool to_journal;
    bool debug;
} LogTarget;

static const char *
find_message(const GLogField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            return fields[i].value;
    }
    return "";
}

static const char *
level_name(GLogLevelFlags level)
{
    if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
        return "error";
    if ((level & G_LOG_LEVEL_WARNING) != 0)
        return "warning";
    if ((level & G_LOG_LEVEL_MESSAGE) != 0)
        return "notice";
    if ((level & G_LOG_LEVEL_INFO) != 0)
        return "info";
    return "debug";
}

static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    const LogTarget *target = user_data;
    if ((level & G_LOG_LEVEL_DEBUG) != 0 && !target->debug)
        return G_LOG_WRITER_HANDLED;
    if (target->to_journal &&
        g_log_writer_journald(level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
        return G_LOG_WRITER_HANDLED;
    fprintf(stderr, "%s: %s: %s\n", g_get_prgname(), level_name(level),
            find_message(fields, n_fields));
    return G_LOG_WRITER_HANDLED;
}

void
vt_log_begin(bool to_stderr, bool debug)
{
    LogTarget *target = g_new0(LogTarget, 1);
    target->to_journal = !to_stderr && g_log_writer_is_journald(STDERR_FILENO);
    target->debug = debug;
    g_log_set_writer_func(write_log, target, g_free);
}
