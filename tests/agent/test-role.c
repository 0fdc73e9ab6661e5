/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "agent/role.h"

static void
test_role_follows_from_owner_and_settings(void)
{
    static const struct {
        VtAgentMode setting;
        VtOwnerKind owner;
        bool has_feed;
        VtRole role;
    } rows[] = {
        { VT_AGENT_MODE_AUTO, VT_OWNER_NONE, false, VT_ROLE_OWN },
        { VT_AGENT_MODE_AUTO, VT_OWNER_NONE, true, VT_ROLE_OWN },
        { VT_AGENT_MODE_AUTO, VT_OWNER_CHRONYD, false, VT_ROLE_ASSIST },
        { VT_AGENT_MODE_AUTO, VT_OWNER_CHRONYD, true, VT_ROLE_FEED },
        { VT_AGENT_MODE_AUTO, VT_OWNER_OTHER, true, VT_ROLE_ASSIST },
        { VT_AGENT_MODE_AUTO, VT_OWNER_UNKNOWN, false, VT_ROLE_ASSIST },
        { VT_AGENT_MODE_AUTO, VT_OWNER_SELF, false, VT_ROLE_MONITOR },
        { VT_AGENT_MODE_OWN, VT_OWNER_NONE, false, VT_ROLE_OWN },
        { VT_AGENT_MODE_ASSIST, VT_OWNER_NONE, false, VT_ROLE_ASSIST },
        { VT_AGENT_MODE_ASSIST, VT_OWNER_CHRONYD, true, VT_ROLE_ASSIST },
        { VT_AGENT_MODE_FEED, VT_OWNER_CHRONYD, false, VT_ROLE_FEED },
        { VT_AGENT_MODE_MONITOR, VT_OWNER_NONE, false, VT_ROLE_MONITOR },
        { VT_AGENT_MODE_MONITOR, VT_OWNER_CHRONYD, true, VT_ROLE_MONITOR },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_role_choose(rows[i].setting, rows[i].owner, rows[i].has_feed), ==,
                        rows[i].role);
}

static void
test_nobody_steers_beside_another(void)
{
    for (int setting = VT_AGENT_MODE_AUTO; setting <= VT_AGENT_MODE_MONITOR; setting++) {
        for (int owner = VT_OWNER_CHRONYD; owner <= VT_OWNER_UNKNOWN; owner++) {
            g_assert_cmpint(vt_role_choose((VtAgentMode)setting, (VtOwnerKind)owner, true), !=,
                            VT_ROLE_OWN);
            g_assert_cmpint(vt_role_choose((VtAgentMode)setting, (VtOwnerKind)owner, false), !=,
                            VT_ROLE_OWN);
        }
    }
}

static void
test_names(void)
{
    g_assert_cmpstr(vt_role_name(VT_ROLE_OWN), ==, "own");
    g_assert_cmpstr(vt_role_name(VT_ROLE_ASSIST), ==, "assist");
    g_assert_cmpstr(vt_role_name(VT_ROLE_FEED), ==, "feed");
    g_assert_cmpstr(vt_role_name(VT_ROLE_MONITOR), ==, "monitor");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/role/follows-from-owner-and-settings",
                    test_role_follows_from_owner_and_settings);
    g_test_add_func("/agent/role/nobody-steers-beside-another",
                    test_nobody_steers_beside_another);
    g_test_add_func("/agent/role/names", test_names);
    return g_test_run();
}
