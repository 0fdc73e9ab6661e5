/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator asks of the references, in the words of chrony's users. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static const char sources[] =
    "[{'name': <'link'>, 'kind': <'link'>, 'address': <''>, 'sign': <'*'>, 'online': <true>,"
    " 'poll': <0>, 'reachability': <uint32 255>, 'readings': <uint64 9>, 'problem': <''>,"
    " 'offset-ns': <int64 -1500>, 'measured-offset-ns': <int64 -1250>,"
    " 'error-ns': <int64 52000>, 'root-distance-ns': <int64 2500000>, 'stratum': <uint32 3>,"
    " 'last-reading-age-ns': <int64 400000000>, 'leap': <uint32 0>,"
    " 'distance-ns': <int64 2552000>, 'least-offset-ns': <int64 -2553500>,"
    " 'greatest-offset-ns': <int64 2550500>, 'samples': <uint32 64>, 'runs': <uint32 30>,"
    " 'span-ns': <int64 63000000000>, 'rate-ppb': <-12.5>, 'skew-ppb': <40.0>,"
    " 'mean-offset-ns': <int64 -1400>, 'deviation-ns': <int64 900>},"
    " {'name': <'office'>, 'kind': <'server'>, 'address': <'192.0.2.1:123'>, 'sign': <'x'>,"
    " 'prefer': <true>, 'online': <true>, 'poll': <6>, 'reachability': <uint32 8>,"
    " 'readings': <uint64 4>, 'problem': <'contradicts the others'>,"
    " 'offset-ns': <int64 10000000>, 'measured-offset-ns': <int64 10000000>,"
    " 'error-ns': <int64 1000000>, 'root-distance-ns': <int64 1000000>,"
    " 'stratum': <uint32 2>, 'leap': <uint32 1>, 'last-reading-age-ns': <int64 300000000000>,"
    " 'samples': <uint32 2>},"
    " {'name': <'home'>, 'kind': <'pool'>, 'address': <''>, 'sign': <'?'>,"
    " 'online': <true>, 'poll': <6>, 'readings': <uint64 0>, 'problem': <'no such name'>,"
    " 'last-reading-age-ns': <int64 -1>},"
    " {'name': <'away\\u001b[2J'>, 'kind': <'server'>, 'address': <'[2001:db8::1]:123'>,"
    " 'sign': <'?'>, 'online': <false>, 'poll': <10>, 'readings': <uint64 0>,"
    " 'last-reading-age-ns': <int64 -1>}]";

static const char sources_text[] =
    "MS  NAME             ADDRESS            STRATUM  POLL  REACH  LASTRX  LAST SAMPLE"
    "                         PROBLEM\n"
    "#*  link             -                        3     0    377     0 s"
    "  -1.500 us [-1.250 us] +/- 2.552 ms\n"
    "^x  office           192.0.2.1:123            2     6     10   5 min"
    "  +10.00 ms [+10.00 ms] +/- 2.000 ms  contradicts the others\n"
    "^?  home             -                        -     6      0       -  -"
    "                                   no such name\n"
    "^?  away\\u{001b}[2J  [2001:db8::1]:123        -    10      0       -  -"
    "                                   offline\n";

static const char stats_text[] =
    "NAME             NP  NR  SPAN  FREQUENCY  FREQ SKEW     OFFSET  STD DEV\n"
    "link             64  30  63 s     -0.013      0.040  -1.400 us   900 ns\n"
    "office            2   0     -          -          -          -        -\n"
    "home              0   0     -          -          -          -        -\n"
    "away\\u{001b}[2J   0   0     -          -          -          -        -\n";

static const char selection_text[] =
    "S  NAME             OPTIONS   LAST  DISTANCE       FROM         TO  LEAP  PROBLEM\n"
    "*  link             ---        0 s  2.552 ms  -2.554 ms  +2.550 ms  N\n"
    "x  office           P--      5 min         -          -          -  +"
    "     contradicts the others\n"
    "?  home             ---          -         -          -          -  -     no such name\n"
    "?  away\\u{001b}[2J  ---          -         -          -          -  -     offline\n";

static const char ntp_data[] =
    "[{'name': <'office'>, 'address': <'192.0.2.1:123'>, 'has-reply': <true>,"
    " 'leap': <uint32 0>, 'version': <uint32 4>, 'mode': <uint32 4>, 'stratum': <uint32 1>,"
    " 'poll': <6>, 'precision': <-24>, 'root-delay-ns': <int64 15000>,"
    " 'root-dispersion-ns': <int64 30000>, 'reference-id': <uint32 1196446464>,"
    " 'reference-time-ns': <int64 1735689605750000000>, 'offset-ns': <int64 -60878>,"
    " 'peer-delay-ns': <int64 175634>, 'peer-dispersion-ns': <int64 681>,"
    " 'response-time-ns': <int64 53050>, 'jitter-asymmetry': <-0.25>, 'tests': <'111 111 1111'>, 'interleaved': <false>,"
    " 'authenticated': <true>, 'tx-timestamping': <'kernel'>,"
    " 'rx-timestamping': <'daemon'>, 'total-tx': <uint64 24>, 'total-rx': <uint64 23>,"
    " 'total-valid': <uint64 22>},"
    " {'name': <'home'>, 'address': <''>, 'has-reply': <false>}]";

static const char ntp_data_text[] = "Name            : office\n"
                                    "Remote address  : 192.0.2.1:123\n"
                                    "Leap status     : Normal\n"
                                    "Version         : 4\n"
                                    "Mode            : Server\n"
                                    "Stratum         : 1\n"
                                    "Poll interval   : 6 (64 seconds)\n"
                                    "Precision       : -24 (60 ns)\n"
                                    "Root delay      : 15.00 us\n"
                                    "Root dispersion : 30.00 us\n"
                                    "Reference ID    : 47505300 (GPS)\n"
                                    "Reference time  : 2025-01-01T00:00:05.750Z\n"
                                    "Offset          : -60.88 us\n"
                                    "Peer delay      : 175.6 us\n"
                                    "Peer dispersion : 681 ns\n"
                                    "Response time   : 53.05 us\n"
                                    "Jitter asymmetry: -0.25\n"
                                    "NTP tests       : 111 111 1111\n"
                                    "Interleaved     : No\n"
                                    "Authenticated   : Yes\n"
                                    "TX timestamping : kernel\n"
                                    "RX timestamping : daemon\n"
                                    "Total TX        : 24\n"
                                    "Total RX        : 23\n"
                                    "Total valid RX  : 22\n"
                                    "\n"
                                    "Name            : home\n"
                                    "Remote address  : unknown\n"
                                    "Last reply      : none yet\n"
                                    "Total TX        : 0\n"
                                    "Total RX        : 0\n"
                                    "Total valid RX  : 0\n";

static void
assert_answer(const Outcome *outcome, const char *text)
{
    g_assert_cmpstr(outcome->errors, ==, "");
    g_assert_cmpstr(outcome->output, ==, text);
    g_assert_cmpint(outcome->exit_code, ==, 0);
}

/* With one element for each source of the answer. */
static void
assert_json_is_whole(const Outcome *outcome, const char *answer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = json_from_string(outcome->output, &error);
    g_autoptr(GVariant) sent =
        g_variant_parse(G_VARIANT_TYPE("aa{sv}"), answer, NULL, NULL, NULL);

    g_assert_no_error(error);
    g_assert_cmpint(outcome->exit_code, ==, 0);
    JsonArray *array = json_node_get_array(node);
    g_assert_cmpuint(json_array_get_length(array), ==, g_variant_n_children(sent));
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        g_autoptr(GVariant) facts = g_variant_get_child_value(sent, i);
        g_assert_cmpuint(json_object_get_size(json_array_get_object_element(array, i)), ==,
                         g_variant_n_children(facts));
    }
}

static void
test_table_and_json_of_each_command(void)
{
    static const struct {
        const char *command;
        const char *text;
        const char *answer;
    } rows[] = {
        { "sources", sources_text, sources },
        { "sourcestats", stats_text, sources },
        { "selectdata", selection_text, sources },
        { "ntpdata", ntp_data_text, ntp_data },
    };
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *path = fake_daemon_get_agent_path(daemon);
    fake_daemon_set_sources(daemon, sources);
    fake_daemon_set_ntp_data(daemon, ntp_data);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) text = RUN(rows[i].command, "--socket", path);
        g_auto(Outcome) json = RUN(rows[i].command, "--json", "--socket", path);
        g_test_message("%s", rows[i].command);
        assert_answer(&text, rows[i].text);
        assert_json_is_whole(&json, rows[i].answer);
    }
}

static void
test_signs_and_headings_are_explained_on_demand(void)
{
    static const struct {
        const char *command;
        const char *words;
        const char *text;
    } rows[] = {
        { "sources", "x  contradicts the others", sources_text },
        { "sourcestats", "STD DEV    of the readings", stats_text },
        { "selectdata", "P prefer  T trust  R require", selection_text },
    };
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_sources(daemon, sources);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome =
            RUN(rows[i].command, "-v", "--socket", fake_daemon_get_agent_path(daemon));
        g_assert_nonnull(strstr(outcome.output, rows[i].words));
        g_assert_true(g_str_has_suffix(outcome.output, rows[i].text));
    }
}

static void
test_activity_counts(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *path = fake_daemon_get_agent_path(daemon);
    fake_daemon_set_sources(daemon, sources);

    g_auto(Outcome) text = RUN("activity", "--socket", path);
    g_auto(Outcome) json = RUN("activity", "--json", "--socket", path);

    assert_answer(&text, "2 sources online\n"
                         "1 sources offline\n"
                         "1 sources with unknown address\n");
    assert_answer(&json, "{\n"
                         "  \"offline\" : 1,\n"
                         "  \"online\" : 2,\n"
                         "  \"unresolved\" : 1\n"
                         "}\n");
}

static void
test_ntpdata_of_nobody_is_an_error(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *path = fake_daemon_get_agent_path(daemon);

    g_auto(Outcome) nobody = RUN("ntpdata", "nobody", "--socket", path);
    g_auto(Outcome) none = RUN("ntpdata", "--socket", path);

    g_assert_cmpint(nobody.exit_code, ==, 1);
    g_assert_cmpstr(nobody.errors, ==,
                    "virt-timectl: no NTP server has the name or address 'nobody': see "
                    "'virt-timectl sources'\n");
    assert_answer(&none, "No NTP server is asked.\n");
}

static void
test_source_of_an_older_agent_has_no_sign(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_sources(daemon, "[{'name': <'a'>, 'sign': <'\\u001b'>}, {'name': <'b'>}]");

    g_auto(Outcome) outcome = RUN("sources", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_nonnull(strstr(outcome.output, "\n#?  a "));
    g_assert_nonnull(strstr(outcome.output, "\n#?  b "));
}

#define ADD(name, function) g_test_add_func("/ctl/sources/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("table-and-json-of-each-command", test_table_and_json_of_each_command);
    ADD("signs-and-headings-are-explained-on-demand",
        test_signs_and_headings_are_explained_on_demand);
    ADD("activity-counts", test_activity_counts);
    ADD("ntpdata-of-nobody-is-an-error", test_ntpdata_of_nobody_is_an_error);
    ADD("source-of-an-older-agent-has-no-sign", test_source_of_an_older_agent_has_no_sign);
    return g_test_run();
}
