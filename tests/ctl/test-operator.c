/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator asks of the past, of the future and of other machines' clocks. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

#define EXIT_USAGE 2

static const char agent_journal[] =
    "[{'number': <int64 1>, 'at': <'2025-01-01T00:00:05.750Z'>, 'cause': <'resumed'>,"
    " 'hint': <'notice'>, 'action': <'stepped'>, 'refusal': <''>,"
    " 'offset-ns': <int64 5000000000>, 'residual-ns': <int64 -20000>,"
    " 'error-ns': <int64 150000>, 'exposure-ns': <int64 3000000>, 'reference': <'link'>},"
    " {'at': <'2025-01-02T00:00:00.000Z'>, 'cause': <'unknown'>, 'hint': <'clock-set'>,"
    " 'action': <'refused'>, 'refusal': <'backward step not announced'>}]";

static const char agent_journal_text[] =
    "WHEN                      CAUSE    FIRST HINT    OFFSET  ACTION    RESIDUAL       +/-"
    "  EXPOSURE  REFERENCE  REFUSED\n"
    "2025-01-01T00:00:05.750Z  resumed  notice      +5.000 s  stepped  -20.00 us  150.0 us"
    "  3.000 ms  link       -\n"
    "2025-01-02T00:00:00.000Z  unknown  clock-set          -  refused          -         -"
    "         -  -          backward step not announced\n";

static const char host_journal[] =
    "[{'at': <'2025-01-01T00:00:05.750Z'>, 'name': <'evil\\u001b[2J'>, 'cause': <'resumed'>,"
    " 'stand-still-ns': <int64 5000000000>, 'action': <'stepped'>,"
    " 'offset-ns': <int64 5000000000>, 'residual-ns': <int64 -20000>,"
    " 'seen-residual-ns': <int64 -18000>, 'recovery-ns': <int64 4000000>, 'failed': <false>},"
    " {'at': <'2025-01-01T00:00:06.000Z'>, 'name': <'web'>, 'cause': <'restored'>,"
    " 'failed': <true>}]";

static const char host_journal_text[] =
    "WHEN                      GUEST            CAUSE     STOOD STILL    OFFSET  ACTION"
    "     CLAIMED       SEEN  RECOVERY  RESULT\n"
    "2025-01-01T00:00:05.750Z  evil\\u{001b}[2J  resumed       5.000 s  +5.000 s  stepped"
    "  -20.00 us  -18.00 us  4.000 ms  done\n"
    "2025-01-01T00:00:06.000Z  web              restored            -         -  -"
    "                -          -         -  failed\n";

static const char in_step[] =
    "{'synchronised': <true>, 'has-reference': <true>, 'state': <'tracking'>,"
    " 'error-ns': <int64 2000000>, 'host-error-ns': <int64 40000>}";

static const char host_unsynchronised[] =
    "{'synchronised': <false>, 'has-reference': <true>, 'state': <'tracking'>,"
    " 'error-ns': <int64 16000000000>, 'host-error-ns': <int64 40000>,"
    " 'problem': <'no permission'>}";

static void
test_journal_is_a_table(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_journal(daemon, agent_journal);

    g_auto(Outcome) outcome = RUN("journal", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpstr(outcome.output, ==, agent_journal_text);
    g_assert_cmpint(outcome.exit_code, ==, 0);
    g_assert_cmpuint(fake_daemon_get_n_asked(daemon), ==, 10);
}

static void
test_journal_of_the_host_is_safe_on_a_terminal(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_journal(daemon, host_journal);

    g_auto(Outcome) outcome =
        RUN("journal", "--host", "-n", "3", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpstr(outcome.output, ==, host_journal_text);
    g_assert_cmpint(outcome.exit_code, ==, 0);
    g_assert_cmpuint(fake_daemon_get_n_asked(daemon), ==, 3);
}

static void
test_empty_journal_says_so(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    g_auto(Outcome) outcome = RUN("journal", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpstr(outcome.output, ==, "Nothing has befallen yet.\n");
    g_assert_cmpint(outcome.exit_code, ==, 0);
}

static void
test_journal_json_is_an_array(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    g_autoptr(GError) error = NULL;
    fake_daemon_set_journal(daemon, agent_journal);

    g_auto(Outcome) outcome =
        RUN("journal", "--json", "--socket", fake_daemon_get_agent_path(daemon));

    g_autoptr(JsonNode) node = json_from_string(outcome.output, &error);
    g_assert_no_error(error);
    JsonObject *first = json_array_get_object_element(json_node_get_array(node), 0);
    g_assert_cmpint(json_object_get_int_member(first, "exposure-ns"), ==, 3000000);
}

static void
test_waitsync_returns_at_once_when_right(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, in_step);

    g_auto(Outcome) any = RUN("waitsync", "--socket", fake_daemon_get_agent_path(daemon));
    g_auto(Outcome) good =
        RUN("waitsync", "--max-error", "2ms", "--socket", fake_daemon_get_agent_path(daemon));

    g_auto(Outcome) json =
        RUN("waitsync", "--json", "--socket", fake_daemon_get_agent_path(daemon));
    g_autoptr(JsonNode) node = json_from_string(json.output, NULL);

    g_assert_true(json_object_get_boolean_member(json_node_get_object(node), "synchronised"));
    g_assert_cmpstr(any.output, ==, "synchronised, error bound 2.000 ms\n");
    g_assert_cmpint(any.exit_code, ==, 0);
    g_assert_cmpint(good.exit_code, ==, 0);
}

static void
test_waitsync_waits_for_it(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, host_unsynchronised);
    fake_daemon_set_later_tracking(daemon, 2, in_step);

    g_auto(Outcome) outcome = RUN("waitsync", "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpstr(outcome.errors, ==, "");
    g_assert_cmpint(outcome.exit_code, ==, 0);
}

static void
test_waitsync_says_why_it_gave_up(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, host_unsynchronised);

    g_auto(Outcome) never =
        RUN("waitsync", "--timeout", "1ms", "--socket", fake_daemon_get_agent_path(daemon));
    fake_daemon_set_tracking(daemon, in_step);
    g_auto(Outcome) loose = RUN("waitsync", "--max-error", "1ms", "--timeout", "1ms",
                                "--socket", fake_daemon_get_agent_path(daemon));
    g_auto(Outcome) absent =
        RUN("waitsync", "--timeout", "1ms", "--socket", "/nonexistent/control.socket");

    g_assert_cmpint(never.exit_code, ==, 1);
    g_assert_cmpstr(never.errors, ==,
                    "virt-timectl: not synchronised within 1.000 ms: state 'tracking', error "
                    "bound 16.00 s, no permission; see 'virt-timectl tracking'\n");
    g_assert_cmpint(loose.exit_code, ==, 1);
    g_assert_true(
        g_str_has_prefix(loose.errors, "virt-timectl: not right enough within 1.000 ms: "));
    g_assert_cmpint(absent.exit_code, ==, 1);
    g_assert_nonnull(strstr(absent.errors, "is not running"));
}

static void
test_waitsync_against_an_unsynchronised_host(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_set_tracking(daemon, host_unsynchronised);

    g_auto(Outcome) outcome = RUN("waitsync", "--against-host", "--max-error", "1ms",
                                  "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpstr(outcome.output, ==, "in step with the reference, error bound 40.00 us\n");
    g_assert_cmpint(outcome.exit_code, ==, 0);
}

static void
test_waitsync_against_a_host_beside_another_daemon(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    g_autofree char *text = g_strdup(host_unsynchronised);
    char *state = strstr(text, "'tracking'");
    memcpy(state, "'assist'  ", strlen("'tracking'"));
    fake_daemon_set_tracking(daemon, text);

    g_auto(Outcome) outcome = RUN("waitsync", "--against-host", "--max-error", "1ms",
                                  "--socket", fake_daemon_get_agent_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 0);
}

static void
test_resync_asks_the_guest(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    g_auto(Outcome) good = RUN("resync", "web", "--socket", fake_daemon_get_host_path(daemon));
    g_assert_cmpint(good.exit_code, ==, 0);
    g_assert_cmpstr(fake_daemon_get_resynced(daemon), ==, "web");

    g_auto(Outcome) json =
        RUN("resync", "--json", "web", "--socket", fake_daemon_get_host_path(daemon));
    g_assert_cmpstr(json.output, ==, "{\n  \"guest\" : \"web\"\n}\n");

    g_auto(Outcome) bad =
        RUN("resync", "nobody", "--socket", fake_daemon_get_host_path(daemon));
    g_assert_cmpint(bad.exit_code, ==, 1);
    g_assert_cmpstr(bad.errors, ==, "virt-timectl: virt-time-hostd: no such guest\n");
}

static void
test_freeze_tells_how_it_is_now(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *path = fake_daemon_get_host_path(daemon);

    g_auto(Outcome) before = RUN("freeze", "status", "--socket", path);
    g_auto(Outcome) on = RUN("freeze", "on", "--json", "--socket", path);
    g_auto(Outcome) after = RUN("freeze", "status", "--socket", path);
    g_auto(Outcome) off = RUN("freeze", "off", "--socket", path);

    g_assert_cmpstr(before.output, ==, "off\n");
    g_assert_cmpstr(on.output, ==, "{\n  \"frozen\" : true\n}\n");
    g_assert_cmpstr(after.output, ==, "on: no guest is told to step\n");
    g_assert_cmpstr(off.output, ==, "off\n");
}

static void
test_who_may_not_change_is_told(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_deny_changes(daemon);

    g_auto(Outcome) outcome =
        RUN("freeze", "on", "--socket", fake_daemon_get_host_path(daemon));
    g_auto(Outcome) status =
        RUN("freeze", "status", "--socket", fake_daemon_get_host_path(daemon));

    g_assert_cmpint(outcome.exit_code, ==, 1);
    g_assert_cmpstr(outcome.errors, ==, "virt-timectl: virt-time-hostd: only root may\n");
    g_assert_cmpint(status.exit_code, ==, 0);
}

static void
test_wrong_usage_is_told_apart(void)
{
    static const char *const rows[][5] = {
        { "resync", NULL },
        { "freeze", NULL },
        { "freeze", "perhaps", NULL },
        { "freeze", "on", "off", NULL },
        { "waitsync", "--host", NULL },
        { "waitsync", "--max-error", "1", NULL },
        { "waitsync", "--timeout", "soon", NULL },
        { "waitsync", "-n", "3", NULL },
        { "journal", "-n", "-3", NULL },
        { "journal", "-n", "many", NULL },
        { "journal", "--against-host", NULL },
        { "tracking", "--timeout", "1s", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome = timectl_run(rows[i]);
        g_test_message("%s: %s", rows[i][0], outcome.errors);
        g_assert_cmpint(outcome.exit_code, ==, EXIT_USAGE);
        g_assert_cmpstr(outcome.output, ==, "");
    }
}

static void
test_help_tells_each_ones_words(void)
{
    g_auto(Outcome) freeze = RUN("help", "freeze");
    g_auto(Outcome) waitsync = RUN("waitsync", "--help");

    g_assert_true(g_str_has_prefix(freeze.output, "Usage: virt-timectl freeze on|off|status "));
    g_assert_true(g_str_has_prefix(
        waitsync.output,
        "Usage: virt-timectl waitsync [--max-error SPAN] [--timeout SPAN] [--against-host] "));
}

#define ADD(name, function) g_test_add_func("/ctl/operator/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("journal-is-a-table", test_journal_is_a_table);
    ADD("journal-of-the-host-is-safe-on-a-terminal",
        test_journal_of_the_host_is_safe_on_a_terminal);
    ADD("empty-journal-says-so", test_empty_journal_says_so);
    ADD("journal-json-is-an-array", test_journal_json_is_an_array);
    ADD("waitsync-returns-at-once-when-right", test_waitsync_returns_at_once_when_right);
    ADD("waitsync-waits-for-it", test_waitsync_waits_for_it);
    ADD("waitsync-says-why-it-gave-up", test_waitsync_says_why_it_gave_up);
    ADD("waitsync-against-an-unsynchronised-host",
        test_waitsync_against_an_unsynchronised_host);
    ADD("waitsync-against-a-host-beside-another-daemon",
        test_waitsync_against_a_host_beside_another_daemon);
    ADD("resync-asks-the-guest", test_resync_asks_the_guest);
    ADD("freeze-tells-how-it-is-now", test_freeze_tells_how_it_is_now);
    ADD("who-may-not-change-is-told", test_who_may_not_change_is_told);
    ADD("wrong-usage-is-told-apart", test_wrong_usage_is_told_apart);
    ADD("help-tells-each-ones-words", test_help_tells_each_ones_words);
    return g_test_run();
}
