/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/error.h"

static void
test_names_thing_and_reason(void)
{
    g_autoptr(GError) error = NULL;

    bool result = vt_error_set_errno(&error, EACCES, "cannot open '%s'", "/dev/ptp0");

    g_assert_false(result);
    g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_cmpstr(error->message, ==, "cannot open '/dev/ptp0': Permission denied");
}

static void
test_code_tells_what_to_do(void)
{
    static const struct {
        int error_number;
        VtError code;
    } rows[] = {
        { EINVAL, VT_ERROR_INVALID },     { ENOENT, VT_ERROR_NOT_FOUND },
        { EBUSY, VT_ERROR_BUSY },         { EPERM, VT_ERROR_DENIED },
        { ENOTTY, VT_ERROR_UNSUPPORTED }, { EIO, VT_ERROR_FAILED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_error_from_errno(rows[i].error_number), ==, rows[i].code);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/error/names-thing-and-reason", test_names_thing_and_reason);
    g_test_add_func("/base/error/code-tells-what-to-do", test_code_tells_what_to_do);
    return g_test_run();
}
