/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static const char clients[] =
    "[{'address': <'192.168.122.5'>, 'interface': <'virbr0'>, 'requests': <uint64 100>,"
    " 'answered': <uint64 90>, 'limited': <uint64 10>, 'interval-ns': <int64 16000000000>,"
    " 'last-ns': <int64 3000000000>, 'interleaved': <true>, 'key': <uint32 7>},"
    " {'address': <'fd00::5'>, 'interface': <''>, 'requests': <uint64 1>,"
    " 'answered': <uint64 1>, 'limited': <uint64 0>, 'interval-ns': <int64 0>,"
    " 'last-ns': <int64 60000000000>, 'interleaved': <false>, 'key': <uint32 0>}]";

static const char clients_text[] =
    "ADDRESS        INTERFACE  REQUESTS  ANSWERED  LIMITED  INTERVAL  LAST  MODE         KEY\n"
    "192.168.122.5  virbr0          100        90       10   16.00 s   3 s  interleaved    7\n"
    "fd00::5        -                 1         1        0         -  60 s  basic          -\n";

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
    g_test_add_func("/ctl/ntp/nobody-is-said-in-words", test_nobody_is_said_in_words);
    g_test_add_func("/ctl/ntp/clients-json-has-the-keys-of-the-interface",
                    test_clients_json_has_the_keys_of_the_interface);
    g_test_add_func("/ctl/ntp/serverstats-are-lines", test_serverstats_are_lines);
    g_test_add_func("/ctl/ntp/serverstats-json-is-an-object",
                    test_serverstats_json_is_an_object);
    return g_test_run();
}
