/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "hostd/ntp-address.h"

static void
test_addresses_are_read_with_and_without_port(void)
{
    static const struct {
        const char *text;
        const char *result;
    } rows[] = {
        { "192.0.2.1", "192.0.2.1:123" },
        { "192.0.2.1:1123", "192.0.2.1:1123" },
        { "2001:db8::1", "[2001:db8::1]:123" },
        { "[2001:db8::1]", "[2001:db8::1]:123" },
        { "[2001:db8::1]:1123", "[2001:db8::1]:1123" },
        { "::1", "[::1]:123" },
        { "0.0.0.0", "0.0.0.0:123" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtNtpAddress address;
        g_autoptr(GError) error = NULL;
        g_assert_true(vt_ntp_address_parse(rows[i].text, 123, &address, &error));
        g_assert_no_error(error);
        g_autofree char *text = vt_ntp_address_format(&address);
        g_assert_cmpstr(text, ==, rows[i].result);
    }
}

static void
test_nonsense_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "localhost",
        "192.0.2",
        "192.0.2.1:",
        "192.0.2.1:0",
        ":123",
        "192.0.2.1:ntp",
        "[2001:db8::1",
        "[2001:db8::1]123",
        "[]:123",
        "192.0.2.1:65536",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtNtpAddress address;
        g_autoptr(GError) error = NULL;
        g_test_message("'%s'", rows[i]);
        g_assert_false(vt_ntp_address_parse(rows[i], 123, &address, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    }
}

static void
test_only_what_a_guest_can_reach_is_told(void)
{
    static const struct {
        const char *text;
        bool is_told;
    } rows[] = {
        { "192.0.2.1", true },  { "2001:db8::1", true },  { "fd00::1", true },
        { "127.0.0.1", false }, { "::1", false },         { "0.0.0.0", false },
        { "::", false },        { "169.254.1.1", false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtNtpAddress address;
        VtLinkAddress told;
        g_assert_true(vt_ntp_address_parse(rows[i].text, 123, &address, NULL));
        g_assert_cmpint(vt_ntp_address_to_link(&address, &told), ==, rows[i].is_told);
    }
}

static void
test_link_address_has_family_port_and_bytes(void)
{
    VtNtpAddress address;
    VtLinkAddress told;

    g_assert_true(vt_ntp_address_parse("192.0.2.7:1123", 123, &address, NULL));
    g_assert_true(vt_ntp_address_to_link(&address, &told));
    g_assert_cmpint(told.family, ==, 4);
    g_assert_cmpint(told.port, ==, 1123);
    g_assert_cmpmem(told.address, 4, "\xc0\x00\x02\x07", 4);

    g_assert_true(vt_ntp_address_parse("2001:db8::9", 123, &address, NULL));
    g_assert_true(vt_ntp_address_to_link(&address, &told));
    g_assert_cmpint(told.family, ==, 6);
    g_assert_cmpint(told.port, ==, 123);
    g_assert_cmpint(told.address[0], ==, 0x20);
    g_assert_cmpint(told.address[15], ==, 9);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-address/addresses-are-read-with-and-without-port",
                    test_addresses_are_read_with_and_without_port);
    g_test_add_func("/hostd/ntp-address/nonsense-is-refused", test_nonsense_is_refused);
    g_test_add_func("/hostd/ntp-address/only-what-a-guest-can-reach-is-told",
                    test_only_what_a_guest_can_reach_is_told);
    g_test_add_func("/hostd/ntp-address/link-address-has-family-port-and-bytes",
                    test_link_address_has_family_port_and_bytes);
    return g_test_run();
}
