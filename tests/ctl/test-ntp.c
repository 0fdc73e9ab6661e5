/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static const char clients[] =
    "[{'address': <'192.168.122.5'>, 'interface': <'virbr0'>, 'guest': <'web1'>, 'requests': <uint64 100>,"
    " 'answered': <uint64 90>, 'limited': <uint64 10>, 'interval-ns': <int64 16000000000>,"
    " 'last-ns': <int64 3000000000>, 'interleaved': <true>, 'key': <uint32 7>,"
    " 'first-ns': <int64 600000000000>, 'ntp-version': <uint32 4>, 'poll': <4>,"
    " 'verdict': <'answered'>, 'bytes': <uint32 68>, 'fields': <uint32 0>,"
    " 'receive-ns': <int64 1700000000000000000>, 'waited-ns': <int64 12000>,"
    " 'transmit': <uint64 255>, 'origin': <uint64 3>},"
    " {'address': <'fd00::5'>, 'interface': <''>, 'requests': <uint64 1>,"
    " 'answered': <uint64 1>, 'limited': <uint64 0>, 'interval-ns': <int64 0>,"
    " 'last-ns': <int64 60000000000>, 'interleaved': <false>, 'key': <uint32 0>}]";

static const char clients_text[] =
    "ADDRESS        INTERFACE  GUEST  REQUESTS  ANSWERED  LIMITED  INTERVAL  LAST  MODE         "
    "KEY\n"
    "192.168.122.5  virbr0     web1        100        90       10   16.00 s   3 s  interleaved    "
    "7\n"
    "fd00::5        -          -             1         1        0         -  60 s  basic          "
    "-\n";

static void
test_clients_is_a_table(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clients(daemon, clients);

    g_auto(Outcome) outcome =
        RUN("clients", "-n", "5", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.errors, ==, "");
    g_assert_cmpstr(outcome.output, ==, clients_text);
    g_assert_cmpint(outcome.exit_code, ==, 0);
    g_assert_cmpuint(fake_daemon_get_n_asked(daemon), ==, 5);
}

static const char client_text[] = "Remote address  : 192.168.122.5\n"
                                  "Interface       : virbr0\n"
                                  "Guest           : web1\n"
                                  "Known for       : 10 min\n"
                                  "Last request    : 3 s ago\n"
                                  "Outcome         : answered\n"
                                  "Version         : 4\n"
                                  "Poll interval   : 4\n"
                                  "Length          : 68 bytes, 0 extension fields\n"
                                  "Received at     : 2023-11-14T22:13:20.000Z\n"
                                  "Waited          : 12.00 us\n"
                                  "Origin field    : 0000000000000003\n"
                                  "Transmit field  : 00000000000000FF\n"
                                  "Interleaved     : Yes\n"
                                  "Authenticated   : Yes, key 7\n"
                                  "Interval        : 16.00 s\n"
                                  "Total requests  : 100\n"
                                  "Total answered  : 90\n"
                                  "Total limited   : 10\n";

static void
test_one_client_is_told_in_full(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clients(daemon, clients);

    g_auto(Outcome) outcome =
        RUN("clients", "192.168.122.5", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.errors, ==, "");
    g_assert_cmpstr(outcome.output, ==, client_text);
}

static void
test_client_may_be_named_by_its_guest(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clients(daemon, clients);

    g_auto(Outcome) outcome =
        RUN("clients", "web1", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.output, ==, client_text);
}

static void
test_unknown_client_is_an_error(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clients(daemon, clients);

    g_auto(Outcome) outcome =
        RUN("clients", "192.0.2.1", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpint(outcome.exit_code, !=, 0);
    g_assert_nonnull(strstr(outcome.errors, "192.0.2.1"));
}

static void
test_nobody_is_said_in_words(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    g_auto(Outcome) outcome = RUN("clients", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.output, ==, "Nobody has asked yet.\n");
}

static void
test_clients_json_has_the_keys_of_the_interface(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clients(daemon, clients);

    g_auto(Outcome) outcome =
        RUN("clients", "--json", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 0);
    g_assert_nonnull(strstr(outcome.output, "\"interval-ns\" : 16000000000"));
    g_assert_nonnull(strstr(outcome.output, "\"interleaved\" : true"));
}

static void
test_serverstats_are_lines(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_counters(daemon, "{'answered': <uint64 12>, 'interleaved': <uint64 3>,"
                                     " 'overflowed': <uint64 4>}");

    g_auto(Outcome) outcome = RUN("serverstats", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 0);
    g_assert_true(g_str_has_prefix(outcome.output, "Answered        : 12\n"
                                                   " interleaved    : 3\n"
                                                   " authenticated  : 0\n"));
    g_assert_nonnull(strstr(outcome.output, "\nOverflowed      : 4\n"));
}

static void
test_serverstats_json_is_an_object(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_counters(daemon, "{'answered': <uint64 12>}");

    g_auto(Outcome) outcome =
        RUN("serverstats", "-j", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.output, ==, "{\n  \"answered\" : 12\n}\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/ntp/clients-is-a-table", test_clients_is_a_table);
    g_test_add_func("/ctl/ntp/one-client-is-told-in-full", test_one_client_is_told_in_full);
    g_test_add_func("/ctl/ntp/client-may-be-named-by-its-guest",
                    test_client_may_be_named_by_its_guest);
    g_test_add_func("/ctl/ntp/unknown-client-is-an-error", test_unknown_client_is_an_error);
    g_test_add_func("/ctl/ntp/nobody-is-said-in-words", test_nobody_is_said_in_words);
    g_test_add_func("/ctl/ntp/clients-json-has-the-keys-of-the-interface",
                    test_clients_json_has_the_keys_of_the_interface);
    g_test_add_func("/ctl/ntp/serverstats-are-lines", test_serverstats_are_lines);
    g_test_add_func("/ctl/ntp/serverstats-json-is-an-object",
                    test_serverstats_json_is_an_object);
    return g_test_run();
}
