/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>

#include "base/error.h"
#include "hostd/ntp-access.h"

#define BRIDGE 7
#define OTHER  8

static VtNtpPeerAddress
parse(const char *text)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
    const uint8_t *bytes = g_inet_address_to_bytes(address);
    return g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV4
               ? vt_ntp_peer_address_from_v4(bytes)
               : vt_ntp_peer_address_from_v6(bytes);
}

static bool
is_allowed(const VtNtpAccess *access, const char *address, uint32_t interface_index)
{
    VtNtpPeer peer = { .address = parse(address), .interface_index = interface_index };
    return vt_ntp_access_is_allowed(access, &peer);
}

static void
add(VtNtpAccess *access, const char *network, bool is_allow)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(vt_ntp_access_add(access, network, is_allow, &error));
    g_assert_no_error(error);
}

static void
test_nobody_is_allowed_without_a_rule(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();

    g_assert_false(is_allowed(access, "192.0.2.1", BRIDGE));
    g_assert_false(is_allowed(access, "::1", BRIDGE));
}

static void
test_most_specific_rule_wins_in_any_order(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    add(access, "192.0.2.0/24", true);
    add(access, "192.0.2.128/25", false);
    add(access, "192.0.2.200", true);
    add(access, "all", false);
    add(access, "2001:db8::/32", true);
    add(access, "2001:db8:0:1::/64", false);

    g_assert_true(is_allowed(access, "192.0.2.1", BRIDGE));
    g_assert_false(is_allowed(access, "192.0.2.129", BRIDGE));
    g_assert_true(is_allowed(access, "192.0.2.200", BRIDGE));
    g_assert_false(is_allowed(access, "192.0.3.1", BRIDGE));
    g_assert_true(is_allowed(access, "2001:db8:0:2::1", BRIDGE));
    g_assert_false(is_allowed(access, "2001:db8:0:1::1", BRIDGE));
}

static void
test_all_is_both_families(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    add(access, "all", true);

    g_assert_true(is_allowed(access, "192.0.2.1", BRIDGE));
    g_assert_true(is_allowed(access, "2001:db8::1", BRIDGE));
}

static void
test_deny_wins_over_allow_of_the_same_network(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    add(access, "192.0.2.0/24", false);
    add(access, "192.0.2.0/24", true);

    g_assert_false(is_allowed(access, "192.0.2.1", BRIDGE));
}

static void
test_own_network_is_that_of_its_interface(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    vt_ntp_access_add_own(access, BRIDGE, parse("192.168.122.1"), 96 + 24);
    vt_ntp_access_add_own(access, BRIDGE, parse("fd00::1"), 64);

    g_assert_true(is_allowed(access, "192.168.122.77", BRIDGE));
    g_assert_true(is_allowed(access, "fd00::77", BRIDGE));
    g_assert_false(is_allowed(access, "192.168.122.77", OTHER));
    g_assert_false(is_allowed(access, "192.168.123.77", BRIDGE));
    g_assert_false(is_allowed(access, "fd00:0:0:1::77", BRIDGE));
}

static void
test_settings_go_before_an_own_network(void)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    vt_ntp_access_add_own(access, BRIDGE, parse("192.168.122.1"), 96 + 24);
    add(access, "192.168.122.13", false);
    g_assert_false(is_allowed(access, "192.168.122.13", BRIDGE));
    g_assert_true(is_allowed(access, "192.168.122.14", BRIDGE));

    add(access, "192.168.122.0/24", false);

    g_assert_false(is_allowed(access, "192.168.122.14", BRIDGE));
    g_assert_cmpuint(vt_ntp_access_get_n_rules(access), ==, 3);
}

static void
test_what_is_no_network_is_refused(void)
{
    static const char *const bad[] = { "",        "everybody",  "192.0.2.0/33", "192.0.2.1/24",
                                       "192.0.2", "fd00::/129", "192.0.2.0/-1" };
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(vt_ntp_access_add(access, bad[i], true, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    }
    g_assert_cmpuint(vt_ntp_access_get_n_rules(access), ==, 0);
}

static void
test_addresses_are_written_as_they_were_read(void)
{
    static const char *const texts[] = { "192.0.2.1", "0.0.0.0", "2001:db8::1", "::1",
                                         "fe80::1" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = vt_ntp_peer_address_format(parse(texts[i]));
        g_assert_cmpstr(text, ==, texts[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-access/nobody-is-allowed-without-a-rule",
                    test_nobody_is_allowed_without_a_rule);
    g_test_add_func("/hostd/ntp-access/most-specific-rule-wins-in-any-order",
                    test_most_specific_rule_wins_in_any_order);
    g_test_add_func("/hostd/ntp-access/all-is-both-families", test_all_is_both_families);
    g_test_add_func("/hostd/ntp-access/deny-wins-over-allow-of-the-same-network",
                    test_deny_wins_over_allow_of_the_same_network);
    g_test_add_func("/hostd/ntp-access/own-network-is-that-of-its-interface",
                    test_own_network_is_that_of_its_interface);
    g_test_add_func("/hostd/ntp-access/settings-go-before-an-own-network",
                    test_settings_go_before_an_own_network);
    g_test_add_func("/hostd/ntp-access/what-is-no-network-is-refused",
                    test_what_is_no_network_is_refused);
    g_test_add_func("/hostd/ntp-access/addresses-are-written-as-they-were-read",
                    test_addresses_are_written_as_they_were_read);
    return g_test_run();
}
