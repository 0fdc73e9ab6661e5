/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

G_DEFINE_QUARK(vt - error - quark, vt_error)

VtError
vt_error_from_errno(int error_number)
{
    switch (error_number) {
    case EINVAL:
    case ERANGE:
        return VT_ERROR_INVALID;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ECONNREFUSED:
        return VT_ERROR_NOT_FOUND;
    case EBUSY:
    case EAGAIN:
    case EADDRINUSE:
        return VT_ERROR_BUSY;
    case EPERM:
    case EACCES:
        return VT_ERROR_DENIED;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENOTTY:
        return VT_ERROR_UNSUPPORTED;
    default:
        return VT_ERROR_FAILED;
    }
}

bool
vt_error_set_errno(GError **error, int error_number, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    g_set_error(error, VT_ERROR, (int)vt_error_from_errno(error_number), "%s: %s", what,
                g_strerror(error_number));
    return false;
}
