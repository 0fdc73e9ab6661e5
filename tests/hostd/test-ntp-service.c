/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>

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

/* The ports are the kernel's choice: what `listen` cannot ask for. */
static VtNtpServiceParams
listen_anywhere(bool is_asked_for)
{
    VtNtpServiceParams params = { .listen = { .n_at = 1, .is_asked_for = is_asked_for } };
    g_assert_true(vt_ntp_address_parse("127.0.0.1", 0, &params.listen.at[0].address, NULL));
    return params;
}

static VtNtpService *
begin(const VtNtpServiceParams *params, VtClock *clock)
{
    g_autoptr(GError) error = NULL;
    VtNtpService *service = vt_ntp_service_new(params, clock, &error);
    g_assert_no_error(error);
    return service;
}

/* A server that has the address that is to be taken. */
static VtNtpServer *
hold(VtNtpListenAt *at, VtClock *clock)
{
    VtNtpServerPlace place = { .place.address = at->address, .fd = VT_FD_NONE };
    int error_number;
    VtNtpServer *holder = vt_ntp_server_new(&place, 1, vt_ntp_policy_new(), clock);
    at->address = vt_ntp_server_get_place(holder, 0, &error_number).address;
    g_assert_cmpint(error_number, ==, 0);
    return holder;
}

static void
test_operator_sees_what_is_served_and_what_is_not(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpServiceParams params = listen_anywhere(false);
    VtHostClock host = bad_clock();
    params.listen.at[1] = params.listen.at[0];
    params.listen.n_at = 2;
    g_autoptr(VtNtpServer) holder = hold(&params.listen.at[1], clock);

    g_autoptr(VtNtpService) service = begin(&params, clock);
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
    VtNtpServiceParams params = listen_anywhere(true);
    VtHostClock host = bad_clock();
    g_autoptr(VtNtpServer) holder = hold(&params.listen.at[0], clock);
    g_autoptr(VtNtpService) service = begin(&params, clock);

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
    VtNtpServiceParams params = listen_anywhere(true);
    VtLinkAddress told[VT_LINK_MAX_ADDRESSES];

    g_autoptr(VtNtpService) service = begin(&params, clock);

    g_assert_cmpuint(vt_ntp_service_get_link_addresses(service, told), ==, 0);
}

static void
test_guests_are_told_of_other_addresses(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpServiceParams params = { .listen.n_at = 1 };
    VtLinkAddress told[VT_LINK_MAX_ADDRESSES];
    /* Served before there is such an address: a bridge that comes later is a usual case. */
    g_assert_true(vt_ntp_address_parse("192.0.2.1", 0, &params.listen.at[0].address, NULL));

    g_autoptr(VtNtpService) service = begin(&params, clock);

    g_assert_cmpuint(vt_ntp_service_get_link_addresses(service, told), ==, 1);
    g_assert_cmpint(told[0].family, ==, 4);
    g_assert_cmpint(told[0].port, !=, 0);
    g_assert_cmpmem(told[0].address, 4, "\xc0\x00\x02\x01", 4);
}

static void
test_interface_tells_guests_its_addresses(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtNtpServiceParams params = { .listen = { .n_at = 1, .at[0].interface = "lo" } };
    VtLinkAddress told[VT_LINK_MAX_ADDRESSES];

    g_autoptr(VtNtpService) service = begin(&params, clock);

    /* Those of loopback are of no use to a guest; its addresses were found all the same. */
    g_assert_cmpuint(vt_ntp_service_get_link_addresses(service, told), ==, 0);
    g_autoptr(GVariant) counters = g_variant_ref_sink(vt_ntp_service_get_counters(service));
    guint64 n_answered = 1;
    g_assert_true(g_variant_lookup(counters, "answered", "t", &n_answered));
    g_assert_cmpuint(n_answered, ==, 0);
    g_assert_cmpuint(g_variant_n_children(counters), ==, VT_NTP_N_COUNTS);
}

static void
check_refused(VtNtpServiceParams params, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VtClock) clock = vt_clock_new_system();
    g_assert_null(vt_ntp_service_new(&params, clock, &error));
    g_assert_nonnull(error);
    g_assert_true(g_str_has_prefix(error->message, wanted));
}

static void
test_bad_rules_and_missing_keys_are_refused(void)
{
    const char *bad[] = { "192.0.2.0/33", NULL };

    check_refused((VtNtpServiceParams){ .allow = bad }, "[hostd] allow: '192.0.2.0/33' is not");
    check_refused((VtNtpServiceParams){ .deny = bad }, "[hostd] deny: '192.0.2.0/33' is not");
    check_refused((VtNtpServiceParams){ .keys_path = "/nowhere/ntp.keys" },
                  "[hostd] ntp-keys: ");
}

static guint64
count(VtNtpService *service, const char *key)
{
    g_autoptr(GVariant) counters = g_variant_ref_sink(vt_ntp_service_get_counters(service));
    guint64 n_counted = 0;
    g_assert_true(g_variant_lookup(counters, key, "t", &n_counted));
    return n_counted;
}

/* Asks for the time, and waits until what became of it is counted under @key. */
static void
ask(VtNtpService *service, const VtNtpAddress *address, const char *key)
{
    static const uint8_t request[48] = { 0x23, [47] = 1 }; /* version 4, client */
    g_auto(VtFd) fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    guint64 n_before = count(service, key);

    g_assert_cmpint(sendto(fd, request, sizeof request, 0,
                           (const struct sockaddr *)&address->socket_address,
                           sizeof(struct sockaddr_in)),
                    ==, sizeof request);
    for (unsigned n_turns = 0; count(service, key) == n_before; n_turns++) {
        g_assert_cmpuint(n_turns, <, 2000);
        g_usleep(1000);
    }
}

/* Where the service got the kernel to put it. */
static VtNtpAddress
find_address(VtNtpListenAt *at, VtClock *clock)
{
    VtNtpServer *holder = hold(at, clock);
    vt_ntp_server_free(holder);
    return at->address;
}

static void
test_new_rules_are_in_force_and_counts_stay(void)
{
    static const char *const loopback[] = { "127.0.0.1", NULL };
    static const char *const bad[] = { "127.0.0.1/33", NULL };
    g_autoptr(VtClock) clock = vt_clock_new_system();
    g_autoptr(GError) error = NULL;
    VtNtpServiceParams params = listen_anywhere(true);
    VtNtpAddress address = find_address(&params.listen.at[0], clock);
    VtHostClock host = bad_clock();
    g_autoptr(VtNtpService) service = begin(&params, clock);
    vt_ntp_service_refresh(service, &host);
    ask(service, &address, "answered");

    VtNtpServiceParams denying = { .deny = loopback };
    g_assert_true(vt_ntp_service_reconfigure(service, &denying, &error));
    ask(service, &address, "denied");
    g_assert_cmpuint(count(service, "answered"), ==, 1);

    VtNtpServiceParams wrong = { .allow = bad };
    g_assert_false(vt_ntp_service_reconfigure(service, &wrong, &error));
    g_assert_true(g_str_has_prefix(error->message, "[hostd] allow: "));
    ask(service, &address, "denied");

    VtNtpServiceParams open = { 0 };
    g_assert_true(vt_ntp_service_reconfigure(service, &open, NULL));
    ask(service, &address, "answered");
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
    g_test_add_func("/hostd/ntp-service/operator-sees-what-is-served-and-what-is-not",
                    test_operator_sees_what_is_served_and_what_is_not);
    g_test_add_func("/hostd/ntp-service/refused-address-is-warned-of-once-if-asked-for",
                    test_refused_address_is_warned_of_once_if_asked_for);
    g_test_add_func("/hostd/ntp-service/guests-are-not-told-of-loopback",
                    test_guests_are_not_told_of_loopback);
    g_test_add_func("/hostd/ntp-service/guests-are-told-of-other-addresses",
                    test_guests_are_told_of_other_addresses);
    g_test_add_func("/hostd/ntp-service/interface-tells-guests-its-addresses",
                    test_interface_tells_guests_its_addresses);
    g_test_add_func("/hostd/ntp-service/bad-rules-and-missing-keys-are-refused",
                    test_bad_rules_and_missing_keys_are_refused);
    g_test_add_func("/hostd/ntp-service/new-rules-are-in-force-and-counts-stay",
                    test_new_rules_are_in_force_and_counts_stay);
    return g_test_run();
}
