/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator asks of the machine's own clocks. */
#include <json-glib/json-glib.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static const char clocks[] =
    "[{'name': <'ptp0'>, 'device': <'/dev/ptp0'>, 'clock-name': <'KVM virtual PTP'>,"
    " 'kind': <'kvm'>, 'scale': <'utc'>, 'present': <true>, 'method': <'plain'>,"
    " 'cost-ns': <int64 90000>, 'remark': <'cannot be read precisely'>,"
    " 'use': <'followed'>, 'readings': <uint64 9>, 'offset-ns': <int64 -1500>,"
    " 'error-ns': <int64 52000>, 'delay-ns': <int64 104000>,"
    " 'root-distance-ns': <int64 2500000>},"
    " {'name': <'ptp1'>, 'device': <'/dev/ptp1'>, 'kind': <'card'>, 'scale': <'none'>,"
    " 'method': <''>, 'cost-ns': <int64 -1>, 'remark': <''>,"
    " 'use': <'a card\\u001b[2J'>}]";

static const char clocks_text[] =
    "DEVICE     KIND  SCALE  METHOD      COST     DELAY     BOUND     OFFSET  USE"
    "                REMARK\n"
    "/dev/ptp0  kvm   utc    plain   90.00 us  104.0 us  2.552 ms  -1.500 us  followed"
    "           cannot be read precisely\n"
    "/dev/ptp1  card  none   -              -         -         -          -"
    "  a card\\u{001b}[2J  -\n";

static void
test_clocks_is_a_table_safe_on_a_terminal(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_clocks(daemon, clocks);

    g_auto(Outcome) outcome = RUN("clocks", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpstr(outcome.output, ==, clocks_text);
    g_assert_cmpint(outcome.exit_code, ==, 0);
}

static void
test_clocks_json_has_every_key(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    g_autoptr(GError) error = NULL;
    fake_daemon_set_clocks(daemon, clocks);

    g_auto(Outcome) outcome =
        RUN("--json", "clocks", "--socket", fake_daemon_get_agent_path(daemon));

    g_autoptr(JsonNode) node = json_from_string(outcome.output, &error);
    g_assert_no_error(error);
    JsonArray *array = json_node_get_array(node);
    g_assert_cmpuint(json_array_get_length(array), ==, 2);
    JsonObject *kvm = json_array_get_object_element(array, 0);
    g_assert_cmpuint(json_object_get_size(kvm), ==, 15);
    g_assert_cmpint(json_object_get_int_member(kvm, "cost-ns"), ==, 90000);
    g_assert_cmpstr(json_object_get_string_member(kvm, "clock-name"), ==, "KVM virtual PTP");
}

static void
test_clocks_of_a_host_are_none_of_its_business(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    g_auto(Outcome) outcome =
        RUN("clocks", "--host", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/clocks/is-a-table-safe-on-a-terminal",
                    test_clocks_is_a_table_safe_on_a_terminal);
    g_test_add_func("/ctl/clocks/json-has-every-key", test_clocks_json_has_every_key);
    g_test_add_func("/ctl/clocks/is-of-the-agent-alone",
                    test_clocks_of_a_host_are_none_of_its_business);
    return g_test_run();
}
