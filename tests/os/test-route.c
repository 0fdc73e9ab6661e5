/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/route.h"

static void
test_way_is_what_the_kernel_knows(void)
{
    static const struct {
        const char *address;
        bool exists;
    } rows[] = {
        { "127.0.0.1", true },
        { "127.255.255.254", true },
        /* A broadcast is no way for who did not ask for one. */
        { "255.255.255.255", false },
        /* Nobody knows on which link. */
        { "fe80::1", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GSocketAddress) address =
            g_inet_socket_address_new_from_string(rows[i].address, 123);
        g_test_message("%s", rows[i].address);
        g_assert_cmpint(vt_route_exists(address), ==, rows[i].exists);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/route/way-is-what-the-kernel-knows",
                    test_way_is_what_the_kernel_knows);
    return g_test_run();
}
