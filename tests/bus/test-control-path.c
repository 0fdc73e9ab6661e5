/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "bus/control-path.h"

static void
test_sides_live_apart(void)
{
    g_assert_true(g_str_has_suffix(vt_control_path_agent(), "/agent/control.socket"));
    g_assert_true(g_str_has_suffix(vt_control_path_host(), "/host/control.socket"));
}

static void
test_address_is_escaped(void)
{
    static const struct {
        const char *path;
        const char *address;
    } rows[] = {
        { "/run/a.socket", "unix:path=/run/a.socket" },
        { "/run/a b,c", "unix:path=/run/a%20b%2cc" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *address = vt_control_path_to_address(rows[i].path);
        g_autofree char *lower = g_ascii_strdown(address, -1);

        g_assert_cmpstr(lower, ==, rows[i].address);
        g_assert_true(g_dbus_is_supported_address(address, NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/control-path/sides-live-apart", test_sides_live_apart);
    g_test_add_func("/bus/control-path/address-is-escaped", test_address_is_escaped);
    return g_test_run();
}
