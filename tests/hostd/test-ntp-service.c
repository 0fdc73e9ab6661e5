/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "hostd/ntp-service.h"

#define WARNING_BYTES 256

/* GLib has one log writer for each process, so what it keeps is the process's too. */
static char last_warning[WARNING_BYTES];

static VtHostClock
bad_clock(void)
{
    return vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, (VtWall){ 0 });
}

static void
test_empty_list_is_loopback_alone(void)
{
    const char *listen[] = { NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 123, &result, NULL));

    g_assert_cmpuint(result.n_addresses, ==, 2);
    g_assert_false(result.is_asked_for);
    g_autofree char *v4 = vt_ntp_address_format(&result.addresses[0]);
    g_autofree char *v6 = vt_ntp_address_format(&result.addresses[1]);
    g_assert_cmpstr(v4, ==, "127.0.0.1:123");
    g_assert_cmpstr(v6, ==, "[::1]:123");
}

static void
test_named_addresses_replace_loopback(void)
{
    const char *listen[] = { "192.0.2.1", "[2001:db8::1]:1123", NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 124, &result, NULL));

    g_assert_cmpuint(result.n_addresses, ==, 2);
    g_assert_true(result.is_asked_for);
    g_assert_cmpint(vt_ntp_address_get_port(&result.addresses[0]), ==, 124);
    g_assert_cmpint(vt_ntp_address_get_port(&result.addresses[1]), ==, 1123);
}

static void
test_port_0_is_no_service(void)
{
    const char *listen[] = { "192.0.2.1", NULL };
    VtNtpListen result;

    g_assert_true(vt_ntp_listen_parse(listen, 0, &result, NULL));

    g_assert_cmpuint(result.n_addresses, ==, 0);
}

static void
test_bad_and_too_many_addresses_are_refused(void)
{
    const char *bad[] = { "192.0.2.1", "nowhere", NULL };
    const char *many[VT_NTP_SERVER_MAX_ADDRESSES + 2] = { NULL };
    g_autoptr(GError) bad_error = NULL;
    g_autoptr(GError) many_error = NULL;
    VtNtpListen result;
    for (size_t i = 0; i <= VT_NTP_SERVER_MAX_ADDRESSES; i++)
        many[i] = "192.0.2.1";

    g_assert_false(vt_ntp_listen_parse(bad, 123, &result, &bad_error));
    g_assert_false(vt_ntp_listen_parse(many, 123, &result, &many_error));

    g_assert_error(bad_error, VT_ERROR, VT_ERROR_INVALID);
    g_assert_true(g_str_has_prefix(bad_error->message, "[hostd] listen: 'nowhere' is not"));
    g_assert_cmpstr(many_error->message, ==, "[hostd] listen: more than 16 addresses");
}

/* The ports are the kernel's choice: what `listen` cannot ask for. */
static VtNtpListen
listen_anywhere(bool is_asked_for)
{
    VtNtpListen listen = { .n_addresses = 1, .is_asked_for = is_asked_for };
    g_assert_true(vt_ntp_address_parse("127.0.0.1", 0, &listen.addresses[0], NULL));
    return listen;
}

static void
test_operator_sees_what_is_served_and_what_is_not(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpListen listen = listen_anywhere(false);
    VtHostClock host = bad_clock();
    g_autoptr(VtNtpServer) holder = vt_ntp_server_new(listen.addresses, 1, clock);
    int error_number;
    listen.addresses[1] = vt_ntp_server_get_address(holder, 0, &error_number);
    listen.n_addresses = 2;

    g_autoptr(VtNtpService) service = vt_ntp_service_new(&listen, clock);
    vt_ntp_service_refresh(service, &host);
    g_auto(GVariantDict) dict;
    g_variant_dict_init(&dict, NULL);
    vt_ntp_service_insert(service, &dict);

    g_autoptr(GVariant) list =
        g_variant_dict_lookup_value(&dict, "ntp", G_VARIANT_TYPE("aa{sv}"));
    g_assert_nonnull(list);
    g_assert_cmpuint(g_variant_n_children(list), ==, 2);
    g_autoptr(GVariant) served = g_variant_get_child_value(list, 0);
    g_autoptr(GVariant) taken = g_variant_get_child_value(list, 1);
    const char *problem;
    g_assert_true(g_variant_lookup(served, "problem", "&s", &problem));
    g_assert_cmpstr(problem, ==, "");
    g_assert_true(g_variant_lookup(taken, "problem", "&s", &problem));
    g_assert_cmpstr(problem, ==, "Address already in use");
}

static void
test_refused_address_is_warned_of_once_if_asked_for(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpListen listen = listen_anywhere(true);
    VtHostClock host = bad_clock();
    g_autoptr(VtNtpServer) holder = vt_ntp_server_new(listen.addresses, 1, clock);
    int error_number;
    listen.addresses[0] = vt_ntp_server_get_address(holder, 0, &error_number);
    g_autoptr(VtNtpService) service = vt_ntp_service_new(&listen, clock);

    last_warning[0] = '\0';
    vt_ntp_service_refresh(service, &host);
    g_autofree char *first = g_strdup(last_warning);
    last_warning[0] = '\0';
    vt_ntp_service_refresh(service, &host);

    g_assert_true(g_str_has_prefix(first, "cannot serve NTP at 127.0.0.1:"));
    g_assert_true(g_str_has_suffix(first, ": Address already in use; trying again"));
    g_assert_cmpstr(last_warning, ==, "");
}

static void
test_guests_are_not_told_of_loopback(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpListen listen = listen_anywhere(true);
    VtLinkAddress told[VT_LINK_MAX_ADDRESSES];

    g_autoptr(VtNtpService) service = vt_ntp_service_new(&listen, clock);

    g_assert_cmpuint(vt_ntp_service_get_link_addresses(service, told), ==, 0);
}

static void
test_guests_are_told_of_other_addresses(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpListen listen = { .n_addresses = 1 };
    VtLinkAddress told[VT_LINK_MAX_ADDRESSES];
    /* Served before there is such an address: a bridge that comes later is a usual case. */
    g_assert_true(vt_ntp_address_parse("192.0.2.1", 0, &listen.addresses[0], NULL));

    g_autoptr(VtNtpService) service = vt_ntp_service_new(&listen, clock);

    g_assert_cmpuint(vt_ntp_service_get_link_addresses(service, told), ==, 1);
    g_assert_cmpint(told[0].family, ==, 4);
    g_assert_cmpint(told[0].port, !=, 0);
    g_assert_cmpmem(told[0].address, 4, "\xc0\x00\x02\x01", 4);
}

/* Keeps the last warning in the 256 bytes at @user_data; GLib's own writer would end the test. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    for (gsize i = 0; i < n_fields; i++) {
        bool is_message = strcmp(fields[i].key, "MESSAGE") == 0;
        if (is_message && (level & G_LOG_LEVEL_WARNING) != 0)
            g_strlcpy(user_data, fields[i].value, WARNING_BYTES);
    }
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, last_warning, NULL);
    g_test_add_func("/hostd/ntp-service/empty-list-is-loopback-alone",
                    test_empty_list_is_loopback_alone);
    g_test_add_func("/hostd/ntp-service/named-addresses-replace-loopback",
                    test_named_addresses_replace_loopback);
    g_test_add_func("/hostd/ntp-service/port-0-is-no-service", test_port_0_is_no_service);
    g_test_add_func("/hostd/ntp-service/bad-and-too-many-addresses-are-refused",
                    test_bad_and_too_many_addresses_are_refused);
    g_test_add_func("/hostd/ntp-service/operator-sees-what-is-served-and-what-is-not",
                    test_operator_sees_what_is_served_and_what_is_not);
    g_test_add_func("/hostd/ntp-service/refused-address-is-warned-of-once-if-asked-for",
                    test_refused_address_is_warned_of_once_if_asked_for);
    g_test_add_func("/hostd/ntp-service/guests-are-not-told-of-loopback",
                    test_guests_are_not_told_of_loopback);
    g_test_add_func("/hostd/ntp-service/guests-are-told-of-other-addresses",
                    test_guests_are_told_of_other_addresses);
    return g_test_run();
}
