/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <json-glib/json-glib.h>
#include <string.h>

#include <gio/gio.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

#define EXIT_USAGE 2

static const char tracking_in_step[] =
    "{'version': <'0.1.0'>, 'mode': <'full'>, 'state': <'tracking'>,"
    " 'role': <'assist'>, 'clock-owner': <'chronyd'>, 'clock-owner-pid': <uint32 412>,"
    " 'clock-owner-told': <'not yet'>, 'clock-setters': <'vmtoolsd'>,"
    " 'reference': <'link (hypervisor)'>, 'has-reference': <true>, 'synchronised': <true>,"
    " 'reference-synchronised': <true>, 'can-correct': <true>, 'problem': <''>,"
    " 'stratum': <uint32 4>, 'offset-ns': <int64 1234>, 'error-ns': <int64 2040000>,"
    " 'host-error-ns': <int64 40000>, 'rate-ppb': <-12345.0>, 'rate-sigma-ppb': <12.0>,"
    " 'delay-ns': <int64 80000>, 'root-distance-ns': <int64 2000000>,"
    " 'last-reading-age-ns': <int64 400000000>, 'readings': <uint64 1234>,"
    " 'reference-time-ns': <int64 1735689605750000000>, 'leap': <uint32 1>,"
    " 'rejected': <uint64 2>, 'spikes': <uint64 1>, 'disruptions': <uint64 1>,"
    " 'last-offset-ns': <int64 -5000>, 'rms-offset-ns': <int64 7100>,"
    " 'root-delay-ns': <int64 480000>, 'root-dispersion-ns': <int64 15000>,"
    " 'update-interval-ns': <int64 1002000000>,"
    " 'link': <'up'>, 'last-disruption': <{'cause': <'resumed'>, 'hint': <'notice'>,"
    " 'action': <'stepped'>, 'offset-ns': <int64 30003000000>, 'residual-ns': <int64 -12000>,"
    " 'error-ns': <int64 41000>, 'duration-ns': <int64 4200000>,"
    " 'age-ns': <int64 34000000000>}>}";

static const char tracking_in_step_text[] =
    "Reference ID    : link (hypervisor)\n"
    "Stratum         : 4\n"
    "Ref time (UTC)  : Wed Jan 01 00:00:05 2025\n"
    "System time     : 0.000001234 seconds slow of reference\n"
    "Last offset     : 0.000005000 seconds fast\n"
    "RMS offset      : 0.000007100 seconds\n"
    "Frequency       : 12.345 ppm fast\n"
    "Skew            : 0.012 ppm\n"
    "Root delay      : 480.0 us\n"
    "Root dispersion : 15.00 us\n"
    "Root distance   : 2.000 ms\n"
    "Update interval : 1.0 seconds\n"
    "Last reading    : 0 s ago, round trip 80.00 us\n"
    "Error bound     : 2.040 ms (40.00 us against the reference)\n"
    "Leap status     : Insert second\n"
    "Synchronised    : yes\n"
    "State           : tracking\n"
    "Readings        : 1234 accepted, 2 rejected, 1 spikes\n"
    "Link            : up\n"
    "Mode            : full\n"
    "Role            : assist; chronyd (process 412) steers the clock\n"
    "Owner is told   : not yet\n"
    "May be set by   : vmtoolsd\n"
    "Disruptions     : 1\n"
    "Last disruption : resumed, 34 s ago\n"
    "  First hint    : notice\n"
    "  Offset found  : +30.00 s\n"
    "  Action        : stepped, 4.200 ms after the first hint\n"
    "  Residual      : -12.00 us +/- 41.00 us\n"
    "Problem         : none\n";

static const char tracking_without_reference[] =
    "{'mode': <'observe'>, 'role': <'own'>, 'state': <'start'>, 'reference': <''>, 'has-reference': <false>,"
    " 'synchronised': <false>, 'reference-synchronised': <false>, 'can-correct': <false>,"
    " 'problem': <'no port named org.virttime.0'>, 'last-reading-age-ns': <int64 -1>,"
    " 'link': <'no-port'>, 'last-disruption': <@a{sv} {}>}";

static const char tracking_without_reference_text[] =
    "Reference ID    : none\n"
    "Stratum         : unknown\n"
    "Ref time (UTC)  : unknown\n"
    "System time     : not yet measured\n"
    "Leap status     : Not synchronised\n"
    "Synchronised    : no\n"
    "State           : start\n"
    "Readings        : 0 accepted, 0 rejected, 0 spikes\n"
    "Link            : no-port\n"
    "Mode            : observe, but no permission to set the clock\n"
    "Role            : own\n"
    "Disruptions     : 0\n"
    "Last disruption : none\n"
    "Problem         : no port named org.virttime.0\n";

static const char host_facts[] =
    "{'version': <'0.1.0'>, 'uri': <'qemu:///system'>, 'libvirt': <'connected'>,"
    " 'ntp': <[{'address': <'127.0.0.1:123'>, 'problem': <''>},"
    " {'address': <'[fd00::1]:123'>, 'problem': <'Permission denied'>}]>,"
    " 'ntp-cards': <[{'interface': <'eth0'>, 'receive': <true>, 'transmit': <true>,"
    " 'problem': <''>}, {'interface': <'eth1'>, 'problem': <'no clock'>}]>,"
    " 'host-synchronised': <true>, 'host-error-ns': <int64 1500000>, 'guests': <uint32 3>}";

static const char guests[] =
    "[{'uuid': <'c4d23ba6-1dd2-11b2-9c8b-6f8a0d6b2f11'>, 'name': <'web'>, 'running': <true>,"
    " 'link': <'up'>, 'mode': <'full'>, 'state': <'tracking'>, 'seen': <true>,"
    " 'seen-offset-ns': <int64 -12500>, 'seen-error-ns': <int64 60000>,"
    " 'exchanges': <uint64 99>, 'last-event': <{'cause': <'resumed'>, 'open': <false>,"
    " 'acknowledged': <true>, 'action': <'stepped'>, 'recovery-ns': <int64 4200000>,"
    " 'age-ns': <int64 34000000000>}>},"
    " {'uuid': <'u2'>, 'name': <'evil\\u001b[2J\\u202e\\nweb'>, 'running': <true>,"
    " 'link': <'no-agent'>, 'mode': <'full'>, 'state': <''>, 'seen': <false>,"
    " 'last-event': <{'cause': <'restored'>, 'open': <true>, 'acknowledged': <false>,"
    " 'age-ns': <int64 1000000000>}>},"
    " {'uuid': <'u3'>, 'name': <'off'>, 'running': <false>, 'link': <'closed'>,"
    " 'mode': <'observe'>, 'state': <'tracking'>, 'last-event': <@a{sv} {}>}]";

static const char guests_text[] =
    "Host            : qemu:///system\n"
    "Libvirt         : connected\n"
    "Synchronised    : yes\n"
    "Error bound     : 1.500 ms\n"
    "NTP             : 127.0.0.1:123\n"
    "NTP             : [fd00::1]:123: Permission denied\n"
    "Card stamps     : eth0: received, sent\n"
    "Card stamps     : eth1: nothing: no clock\n"
    "Guests          : 3\n"
    "\n"
    "NAME                                LINK      MODE     STATE        OFFSET SEEN"
    "       +/-  LAST EVENT        RECOVERY             UUID\n"
    "web                                 up        full     tracking       -12.50 us"
    "  60.00 us  resumed 34 s ago  stepped in 4.200 ms  c4d23ba6-1dd2-11b2-9c8b-6f8a0d6b2f11\n"
    "evil\\u{001b}[2J\\u{202e}\\u{000a}web  no-agent  full     -                      -"
    "         -  restored 1 s ago  -                    u2\n"
    "off                                 closed    observe  not running            -"
    "         -  -                 -                    u3\n";

static void
assert_answer(const Outcome *outcome, const char *text)
{
    g_assert_cmpstr(outcome->errors, ==, "");
    g_assert_cmpstr(outcome->output, ==, text);
    g_assert_cmpint(outcome->exit_code, ==, 0);
}

static JsonNode *
parse_answer(const Outcome *outcome)
{
    g_autoptr(GError) error = NULL;
    JsonNode *node = json_from_string(outcome->output, &error);

    g_assert_no_error(error);
    g_assert_cmpint(outcome->exit_code, ==, 0);
    return node;
}

static void
test_tracking_reads_like_chronyc(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, tracking_in_step);

    g_auto(Outcome) outcome = RUN("tracking", "--socket", fake_daemon_get_agent_path(daemon));

    assert_answer(&outcome, tracking_in_step_text);
}

static void
test_tracking_claims_nothing_unmeasured(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, tracking_without_reference);

    g_auto(Outcome) outcome = RUN("--socket", fake_daemon_get_agent_path(daemon), "tracking");

    assert_answer(&outcome, tracking_without_reference_text);
}

static void
test_unsynchronised_host_is_told(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon,
                             "{'has-reference': <true>, 'synchronised': <false>,"
                             " 'reference-synchronised': <false>, 'readings': <uint64 1>,"
                             " 'last-reading-age-ns': <int64 0>, 'offset-ns': <int64 -5>}");

    g_auto(Outcome) outcome = RUN("tracking", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_nonnull(strstr(outcome.output,
                            "Synchronised    : no: against the host only, which is not "
                            "synchronised itself\n"));
    g_assert_nonnull(strstr(outcome.output, ": 0.000000005 seconds fast of reference\n"));
}

static void
test_refused_correction_is_told(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, "{'last-disruption': <{'action': <'refused'>,"
                                     " 'refusal': <'backward step not announced'>}>}");

    g_auto(Outcome) outcome = RUN("tracking", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_nonnull(
        strstr(outcome.output, "\n  Refused       : backward step not announced\n"));
}

static void
test_tracking_json_has_every_key(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    g_autoptr(GVariant) facts = g_variant_parse(NULL, tracking_in_step, NULL, NULL, NULL);
    fake_daemon_set_tracking(daemon, tracking_in_step);

    g_auto(Outcome) outcome =
        RUN("tracking", "--json", "--socket", fake_daemon_get_agent_path(daemon));

    g_autoptr(JsonNode) node = parse_answer(&outcome);
    JsonObject *object = json_node_get_object(node);
    g_assert_cmpuint(json_object_get_size(object), ==, g_variant_n_children(facts));
    g_assert_cmpint(json_object_get_int_member(object, "offset-ns"), ==, 1234);
    g_assert_cmpint(json_object_get_int_member(object, "readings"), ==, 1234);
    g_assert_cmpfloat(json_object_get_double_member(object, "rate-ppb"), ==, -12345.0);
    JsonObject *last = json_object_get_object_member(object, "last-disruption");
    g_assert_cmpint(json_object_get_int_member(last, "offset-ns"), ==, 30003000000);
}

static void
test_host_option_asks_the_other_side(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_host(
        daemon, "{'uri': <'test:///'>, 'libvirt': <'cannot connect'>, 'guests': <uint32 0>}");

    g_auto(Outcome) outcome =
        RUN("tracking", "--host", "--socket", fake_daemon_get_host_path(daemon));

    assert_answer(&outcome, "Host            : test:///\n"
                            "Libvirt         : cannot connect\n"
                            "Synchronised    : no\n"
                            "NTP             : none\n"
                            "Guests          : 0\n");
}

static void
test_guests_is_a_table_safe_on_a_terminal(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_host(daemon, host_facts);
    fake_daemon_set_guests(daemon, guests);

    g_auto(Outcome) outcome = RUN("guests", "--socket", fake_daemon_get_host_path(daemon));

    assert_answer(&outcome, guests_text);
}

static void
test_guests_json_keeps_hostile_names(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_guests(daemon, guests);

    g_auto(Outcome) outcome =
        RUN("--json", "guests", "--socket", fake_daemon_get_host_path(daemon));

    g_autoptr(JsonNode) node = parse_answer(&outcome);
    JsonArray *array = json_node_get_array(node);
    g_assert_cmpuint(json_array_get_length(array), ==, 3);
    JsonObject *evil = json_array_get_object_element(array, 1);
    g_assert_cmpstr(json_object_get_string_member(evil, "name"), ==, "evil\x1b[2J\u202e\nweb");
    g_assert_null(strchr(outcome.output, '\x1b'));
    g_assert_null(strstr(outcome.output, "\u202e"));
    JsonObject *web = json_array_get_object_element(array, 0);
    JsonObject *event = json_object_get_object_member(web, "last-event");
    g_assert_cmpint(json_object_get_int_member(event, "recovery-ns"), ==, 4200000);
}

static void
test_absent_daemon_is_told_with_a_remedy(void)
{
    g_auto(Outcome) outcome = RUN("guests", "--socket", "/nonexistent/control.socket");

    g_assert_cmpint(outcome.exit_code, ==, 1);
    g_assert_cmpstr(outcome.output, ==, "");
    g_assert_cmpstr(outcome.errors, ==,
                    "virt-timectl: virt-time-hostd is not running (nobody answers on "
                    "'/nonexistent/control.socket'); start it with "
                    "'systemctl start virt-time-hostd'\n");
}

static void
test_wrong_daemon_is_an_error(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    g_auto(Outcome) outcome = RUN("guests", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 1);
    g_assert_true(g_str_has_prefix(
        outcome.errors, "virt-timectl: virt-time-hostd does not answer GetGuests: "));
}

static void
test_wrong_usage_is_told_apart(void)
{
    static const char *const rows[][4] = {
        { NULL },
        { "frobnicate", NULL },
        { "tracking", "guests", NULL },
        { "tracking", "--frobnicate", NULL },
        { "tracking", "--socket", NULL },
        { "help", "frobnicate", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome = timectl_run(rows[i]);

        g_assert_cmpint(outcome.exit_code, ==, EXIT_USAGE);
        g_assert_cmpstr(outcome.output, ==, "");
        g_assert_true(g_str_has_suffix(outcome.errors, "Try 'virt-timectl --help'.\n"));
    }
}

static void
test_help_names_every_command(void)
{
    g_auto(Outcome) all = RUN("--help");
    g_auto(Outcome) one = RUN("help", "guests");
    g_auto(Outcome) same = RUN("guests", "--help");

    g_assert_cmpint(all.exit_code, ==, 0);
    g_assert_nonnull(strstr(all.output, "\n  tracking "));
    g_assert_nonnull(strstr(all.output, "\n  sources "));
    g_assert_nonnull(strstr(all.output, "\n  guests "));
    g_assert_cmpint(one.exit_code, ==, 0);
    g_assert_true(g_str_has_prefix(one.output, "Usage: virt-timectl guests"));
    g_assert_cmpstr(one.output, ==, same.output);
}

static void
test_version_is_the_projects(void)
{
    g_auto(Outcome) outcome = RUN("--version");

    assert_answer(&outcome, "virt-timectl " VT_VERSION "\n");
}

#define ADD(name, function) g_test_add_func("/ctl/virt-timectl/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("tracking-reads-like-chronyc", test_tracking_reads_like_chronyc);
    ADD("tracking-claims-nothing-unmeasured", test_tracking_claims_nothing_unmeasured);
    ADD("unsynchronised-host-is-told", test_unsynchronised_host_is_told);
    ADD("refused-correction-is-told", test_refused_correction_is_told);
    ADD("tracking-json-has-every-key", test_tracking_json_has_every_key);
    ADD("host-option-asks-the-other-side", test_host_option_asks_the_other_side);
    ADD("guests-is-a-table-safe-on-a-terminal", test_guests_is_a_table_safe_on_a_terminal);
    ADD("guests-json-keeps-hostile-names", test_guests_json_keeps_hostile_names);
    ADD("absent-daemon-is-told-with-a-remedy", test_absent_daemon_is_told_with_a_remedy);
    ADD("wrong-daemon-is-an-error", test_wrong_daemon_is_an_error);
    ADD("wrong-usage-is-told-apart", test_wrong_usage_is_told_apart);
    ADD("help-names-every-command", test_help_names_every_command);
    ADD("version-is-the-projects", test_version_is_the_projects);
    return g_test_run();
}
