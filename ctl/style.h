/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colours, for a reader at a terminal who wants them: what needs attention is seen first. */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef enum {
    VT_STYLE_PLAIN,
    VT_STYLE_GOOD,  /* as it should be */
    VT_STYLE_DOUBT, /* not (yet) as it should be */
    VT_STYLE_BAD,   /* wrong */
    VT_STYLE_FAINT, /* there, and of no use now */
} VtStyle;

/*
 * Whether what is written to standard output may be coloured: it is a terminal that knows how,
 * and NO_COLOR is not set.
 */
bool vt_style_is_wanted(void);

/* Appends @text in @style; as it is if @colour is false. */
void vt_style_append(GString *output, bool colour, VtStyle style, const char *text);

/* The same as a text of its own. Transfer full. */
char *vt_style_dup(bool colour, VtStyle style, const char *text);
