/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's test driver has a network 'default' with the bridge 'virbr0'. */
#include "hostd/network-bridge.h"

#define TIMEOUT_SEC 10

static void
on_bridge(const char *network, const char *bridge, void *user_data)
{
    GString *told = user_data;
    g_string_append_printf(told, "%s=%s;", network, bridge);
}

static gboolean
on_timeout(gpointer user_data)
{
    (void)user_data;
    g_assert_not_reached();
}

static void
test_bridge_of_a_network_is_told_and_others_are_not(void)
{
    g_autoptr(GPtrArray) networks = g_ptr_array_new();
    g_autoptr(GString) told = g_string_new(NULL);
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, NULL);
    g_ptr_array_add(networks, (gpointer) "nowhere");
    g_ptr_array_add(networks, (gpointer) "default");

    g_autoptr(VtNetworkBridge) bridge =
        vt_network_bridge_new("test:///default", networks, on_bridge, told);
    while (told->len == 0)
        g_main_context_iteration(NULL, TRUE);

    g_assert_cmpstr(told->str, ==, "default=virbr0;");
    g_source_remove(id);
}

static void
test_end_before_the_answer_is_safe(void)
{
    g_autoptr(GPtrArray) networks = g_ptr_array_new();
    g_ptr_array_add(networks, (gpointer) "default");

    VtNetworkBridge *bridge =
        vt_network_bridge_new("test:///default", networks, on_bridge, NULL);
    vt_network_bridge_free(bridge);

    /* What comes in late is for nobody. */
    for (int i = 0; i < 1000; i++)
        g_main_context_iteration(NULL, FALSE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/network-bridge/bridge-of-a-network-is-told-and-others-are-not",
                    test_bridge_of_a_network_is_told_and_others_are_not);
    g_test_add_func("/hostd/network-bridge/end-before-the-answer-is-safe",
                    test_end_before_the_answer_is_safe);
    return g_test_run();
}
