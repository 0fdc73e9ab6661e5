/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one GError domain of virt-time. A code tells the caller what it can do about the
 * failure; the message tells a person what failed and why.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#define VT_ERROR (vt_error_quark())

typedef enum {
    /* The request or the setting itself is wrong; repeating it cannot help. */
    VT_ERROR_INVALID = 1,
    /* The thing is not there (yet); try again when something changes. */
    VT_ERROR_NOT_FOUND,
    /* Somebody else holds it; try again later. */
    VT_ERROR_BUSY,
    /* The caller lacks a permission. */
    VT_ERROR_DENIED,
    /* This kernel, device or library cannot do it; use another way. */
    VT_ERROR_UNSUPPORTED,
    /* It failed for any other reason. */
    VT_ERROR_FAILED,
} VtError;

GQuark vt_error_quark(void);

/* The code that fits an errno value. */
VtError vt_error_from_errno(int error_number);

/*
 * Sets @error to "<what>: <strerror>" with the code that fits @error_number. Always returns
 * false, so that a caller can report and leave in one statement.
 */
bool vt_error_set_errno(GError **error, int error_number, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
