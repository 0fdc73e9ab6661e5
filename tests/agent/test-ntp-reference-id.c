/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <glib.h>

#include "agent/providers/ntp-reference-id.h"

static void
test_ipv4_is_its_address(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0xc0000201),
    };

    g_assert_cmphex(vt_ntp_reference_id_of((const struct sockaddr *)&address), ==, 0xc0000201);
}

/* printf '\0...\1' | md5sum, of 16 bytes: cf404dc8... */
static void
test_ipv6_is_a_hash(void)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };

    g_assert_cmphex(vt_ntp_reference_id_of((const struct sockaddr *)&address), ==, 0xcf404dc8);
}

static void
test_others_have_none(void)
{
    struct sockaddr address = { .sa_family = AF_UNIX };

    g_assert_cmphex(vt_ntp_reference_id_of(&address), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/ntp-reference-id/ipv4-is-its-address", test_ipv4_is_its_address);
    g_test_add_func("/agent/ntp-reference-id/ipv6-is-a-hash", test_ipv6_is_a_hash);
    g_test_add_func("/agent/ntp-reference-id/others-have-none", test_others_have_none);
    return g_test_run();
}
