/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/action.h"

static void
test_every_refusal_has_text(void)
{
    g_assert_cmpstr(vt_refusal_text(VT_REFUSAL_NONE), ==, "");
    for (int i = VT_REFUSAL_NONE + 1; i < VT_N_REFUSALS; i++) {
        const char *text = vt_refusal_text((VtRefusal)i);
        g_assert_nonnull(text);
        g_assert_cmpstr(text, !=, "");
    }
    g_assert_cmpstr(vt_refusal_text(VT_N_REFUSALS), ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/action/every-refusal-has-text", test_every_refusal_has_text);
    return g_test_run();
}
