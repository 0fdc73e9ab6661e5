/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "hostd/ntp-listen.h"

static void
test_empty_list_is_loopback_alone(void)
{
    const char *listen[] = { NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 123, &result, NULL));

    g_assert_cmpuint(result.n_at, ==, 2);
    g_assert_false(result.is_asked_for);
    g_autofree char *v4 = vt_ntp_address_format(&result.at[0].address);
    g_autofree char *v6 = vt_ntp_address_format(&result.at[1].address);
    g_assert_cmpstr(v4, ==, "127.0.0.1:123");
    g_assert_cmpstr(v6, ==, "[::1]:123");
}

static void
test_named_addresses_replace_loopback(void)
{
    const char *listen[] = { "192.0.2.1", "[2001:db8::1]:1123", NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 124, &result, NULL));

    g_assert_cmpuint(result.n_at, ==, 2);
    g_assert_true(result.is_asked_for);
    g_assert_cmpint(vt_ntp_address_get_port(&result.at[0].address), ==, 124);
    g_assert_cmpint(vt_ntp_address_get_port(&result.at[1].address), ==, 1123);
}

static void
test_interface_is_two_places(void)
{
    const char *listen[] = { "virbr0", NULL };
    VtNtpServerPlace places[VT_NTP_SERVER_MOST_PLACES];
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 124, &result, NULL));

    g_assert_cmpuint(vt_ntp_listen_get_places(&result, places), ==, 2);
    for (size_t i = 0; i < 2; i++) {
        g_assert_cmpstr(places[i].place.interface, ==, "virbr0");
        g_assert_cmpint(vt_ntp_address_get_port(&places[i].place.address), ==, 124);
    }
    g_assert_cmpint(places[0].place.address.socket_address.ss_family, ==, AF_INET);
    g_assert_cmpint(places[1].place.address.socket_address.ss_family, ==, AF_INET6);
}

static void
test_network_is_no_place_before_its_bridge_is_known(void)
{
    const char *listen[] = { "network:default", "192.0.2.1", NULL };
    VtNtpServerPlace places[VT_NTP_SERVER_MOST_PLACES];
    VtNtpListen result;
    g_assert_true(vt_ntp_listen_parse(listen, 123, &result, NULL));
    g_assert_cmpstr(result.at[0].network, ==, "default");

    g_assert_cmpuint(vt_ntp_listen_get_places(&result, places), ==, 1);
    g_strlcpy(result.at[0].interface, "virbr0", IF_NAMESIZE);

    g_assert_cmpuint(vt_ntp_listen_get_places(&result, places), ==, 3);
}

static void
test_port_0_is_no_service(void)
{
    const char *listen[] = { "192.0.2.1", NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 0, &result, NULL));

    g_assert_cmpuint(result.n_at, ==, 0);
}

static void
test_bad_and_too_many_are_refused(void)
{
    static const char *const bad[] = { "192.0.2",        "a-name-that-is-too-long",
                                       "eth0/1",         "network:",
                                       "192.0.2.1:",     "..",
                                       "192.0.2.1:65536" };
    const char *many[VT_NTP_LISTEN_MOST + 2] = { NULL };
    g_autoptr(GError) error = NULL;
    VtNtpListen result;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *listen[] = { "192.0.2.1", bad[i], NULL };
        g_autoptr(GError) bad_error = NULL;
        g_assert_false(vt_ntp_listen_parse(listen, 123, &result, &bad_error));
        g_assert_error(bad_error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_true(g_str_has_prefix(bad_error->message, "[hostd] listen: "));
    }
    for (size_t i = 0; i <= VT_NTP_LISTEN_MOST; i++)
        many[i] = "192.0.2.1";

    g_assert_false(vt_ntp_listen_parse(many, 123, &result, &error));

    g_assert_cmpstr(error->message, ==, "[hostd] listen: more than 16 places");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-listen/empty-list-is-loopback-alone",
                    test_empty_list_is_loopback_alone);
    g_test_add_func("/hostd/ntp-listen/named-addresses-replace-loopback",
                    test_named_addresses_replace_loopback);
    g_test_add_func("/hostd/ntp-listen/interface-is-two-places", test_interface_is_two_places);
    g_test_add_func("/hostd/ntp-listen/network-is-no-place-before-its-bridge-is-known",
                    test_network_is_no_place_before_its_bridge_is_known);
    g_test_add_func("/hostd/ntp-listen/port-0-is-no-service", test_port_0_is_no_service);
    g_test_add_func("/hostd/ntp-listen/bad-and-too-many-are-refused",
                    test_bad_and_too_many_are_refused);
    return g_test_run();
}
