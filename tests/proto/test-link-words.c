/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/link-words.h"

typedef const char *(*NameFunc)(uint8_t value);

static void
assert_names(NameFunc get_name, uint8_t least, uint8_t end)
{
    for (uint8_t value = least; value < end; value++) {
        g_assert_cmpstr(get_name(value), !=, "invalid");
        for (uint8_t other = least; other < value; other++)
            g_assert_cmpstr(get_name(other), !=, get_name(value));
    }
    g_assert_cmpstr(get_name(end), ==, "invalid");
    g_assert_cmpstr(get_name(UINT8_MAX), ==, "invalid");
}

static void
test_every_value_has_its_own_name(void)
{
    assert_names(vt_link_cause_name, VT_LINK_CAUSE_UNKNOWN, VT_LINK_N_CAUSES);
    assert_names(vt_link_mode_name, VT_LINK_MODE_FULL, VT_LINK_N_MODES);
    assert_names(vt_link_action_name, VT_LINK_ACTION_NONE, VT_LINK_N_ACTIONS);
}

static void
test_names_are_the_documented_ones(void)
{
    g_assert_cmpstr(vt_link_cause_name(VT_LINK_CAUSE_MIGRATED_IN), ==, "migrated-in");
    g_assert_cmpstr(vt_link_cause_name(VT_LINK_CAUSE_HOST_CLOCK_STEPPED), ==,
                    "host-clock-stepped");
    g_assert_cmpstr(vt_link_mode_name(VT_LINK_MODE_INVALID), ==, "invalid");
    g_assert_cmpstr(vt_link_mode_name(VT_LINK_MODE_OBSERVE), ==, "observe");
    g_assert_cmpstr(vt_link_action_name(VT_LINK_ACTION_STEPPED), ==, "stepped");
}

static void
test_only_disruptions_are_strong(void)
{
    static const bool is_strong[VT_LINK_N_CAUSES] = {
        [VT_LINK_CAUSE_RESUMED] = true,   [VT_LINK_CAUSE_RESTORED] = true,
        [VT_LINK_CAUSE_REVERTED] = true,  [VT_LINK_CAUSE_MIGRATED_IN] = true,
        [VT_LINK_CAUSE_HOST_WOKE] = true, [VT_LINK_CAUSE_HOST_CLOCK_STEPPED] = true,
        [VT_LINK_CAUSE_OPERATOR] = false, [VT_LINK_CAUSE_HOST_SYNCHRONISED] = false,
        [VT_LINK_CAUSE_UNKNOWN] = false,
    };

    for (uint8_t cause = 0; cause < VT_LINK_N_CAUSES; cause++)
        g_assert_cmpint(vt_link_cause_is_strong(cause), ==, is_strong[cause]);
    g_assert_false(vt_link_cause_is_strong(VT_LINK_N_CAUSES));
    g_assert_false(vt_link_cause_is_strong(UINT8_MAX));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/link-words/every-value-has-its-own-name",
                    test_every_value_has_its_own_name);
    g_test_add_func("/proto/link-words/names-are-the-documented-ones",
                    test_names_are_the_documented_ones);
    g_test_add_func("/proto/link-words/only-disruptions-are-strong",
                    test_only_disruptions_are_strong);
    return g_test_run();
}
