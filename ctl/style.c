/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/style.h"

#include <unistd.h>

#define RESET "\x1b[0m"

static const char *const codes[] = {
    [VT_STYLE_PLAIN] = "",         [VT_STYLE_GOOD] = "\x1b[32m", [VT_STYLE_DOUBT] = "\x1b[33m",
    [VT_STYLE_BAD] = "\x1b[31;1m", [VT_STYLE_FAINT] = "\x1b[2m",
};

bool
vt_style_is_wanted(void)
{
    const char *refusal = g_getenv("NO_COLOR");
    const char *terminal = g_getenv("TERM");

    return (refusal == NULL || *refusal == '\0') && g_strcmp0(terminal, "dumb") != 0 &&
           terminal != NULL && isatty(STDOUT_FILENO);
}

void
vt_style_append(GString *output, bool colour, VtStyle style, const char *text)
{
    bool is_plain = !colour || style == VT_STYLE_PLAIN || *text == '\0';

    if (!is_plain)
        g_string_append(output, codes[style]);
    g_string_append(output, text);
    if (!is_plain)
        g_string_append(output, RESET);
}

char *
vt_style_dup(bool colour, VtStyle style, const char *text)
{
    GString *styled = g_string_new(NULL);
    vt_style_append(styled, colour, style, text);
    return g_string_free(styled, FALSE);
}
