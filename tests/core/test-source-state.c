/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "core/source-state.h"

static void
test_signs_are_those_of_chrony(void)
{
    static const char signs[] = "*+-x~?";

    for (size_t i = 0; i < strlen(signs); i++)
        g_assert_cmpint(vt_source_state_sign((VtSourceState)(i + 1)), ==, signs[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/source-state/signs-are-those-of-chrony",
                    test_signs_are_those_of_chrony);
    return g_test_run();
}
