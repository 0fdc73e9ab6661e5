/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator may want of the agent. */
#include "tests/ctl/fake-daemon.h"
#include "tests/ctl/timectl.h"

static void
test_each_command_asks_for_what_it_says(void)
{
    static const struct {
        const char *command;
        const char *word;
        const char *change;
        const char *json;
    } rows[] = {
        { "burst", NULL, "burst ''\n", "{\n  \"burst\" : true\n}\n" },
        { "burst", "office", "burst 'office'\n", "{\n  \"burst\" : \"office\"\n}\n" },
        { "online", NULL, "online ''\n", "{\n  \"online\" : true\n}\n" },
        { "online", "office", "online 'office'\n", "{\n  \"online\" : \"office\"\n}\n" },
        { "offline", NULL, "offline ''\n", "{\n  \"offline\" : true\n}\n" },
        { "offline", "office", "offline 'office'\n", "{\n  \"offline\" : \"office\"\n}\n" },
        { "onoffline", NULL, "onoffline\n", "{\n  \"onoffline\" : true\n}\n" },
        { "makestep", NULL, "makestep\n", "{\n  \"makestep\" : true\n}\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(FakeDaemon) daemon = fake_daemon_new();
        const char *path = fake_daemon_get_agent_path(daemon);
        g_auto(Outcome) outcome =
            RUN(rows[i].command, "--json", "--socket", path, rows[i].word);
        g_assert_cmpstr(outcome.errors, ==, "");
        g_assert_cmpstr(outcome.output, ==, rows[i].json);
        g_assert_cmpstr(fake_daemon_get_changes(daemon), ==, rows[i].change);
    }
}

static void
test_words_tell_where_the_result_is_seen(void)
{
    static const char *const rows[][2] = {
        { "burst", "asked as soon as each may be; 'virt-timectl sources' tells more\n" },
        { "online", "asked again\n" },
        { "offline", "left alone until 'virt-timectl online'\n" },
        { "onoffline", "asked where there is a way to them, the others left alone\n" },
        { "makestep", "the clock is measured, and stepped if that shows it wrong; "
                      "'virt-timectl tracking' tells the result\n" },
    };
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome =
            RUN(rows[i][0], "--socket", fake_daemon_get_agent_path(daemon));
        g_assert_cmpstr(outcome.output, ==, rows[i][1]);
        g_assert_cmpint(outcome.exit_code, ==, 0);
    }
}

static void
test_reload_names_what_needs_a_restart(void)
{
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    const char *agent = fake_daemon_get_agent_path(daemon);
    const char *host = fake_daemon_get_host_path(daemon);

    g_auto(Outcome) none = RUN("reload", "--socket", agent);
    fake_daemon_set_restarts(daemon, "['[hostd] uri', '[hostd] listen']");
    g_auto(Outcome) some = RUN("reload", "--host", "--socket", host);
    g_auto(Outcome) json = RUN("reload", "--host", "--json", "--socket", host);

    g_assert_cmpstr(none.output, ==, "reloaded\n");
    g_assert_cmpstr(some.output, ==,
                    "reloaded; changed too, but in force only after a restart: [hostd] uri, "
                    "[hostd] listen\n");
    g_assert_cmpstr(json.output, ==, "[\n  \"[hostd] uri\",\n  \"[hostd] listen\"\n]\n");
    g_assert_cmpstr(fake_daemon_get_changes(daemon), ==,
                    "reload agent\nreload host\nreload host\n");
}

static void
test_who_may_not_is_told(void)
{
    static const char *const commands[] = { "burst",     "online",   "offline",
                                            "onoffline", "makestep", "reload" };
    g_autoptr(FakeDaemon) daemon = fake_daemon_new();
    fake_daemon_deny_changes(daemon);

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_auto(Outcome) outcome =
            RUN(commands[i], "--socket", fake_daemon_get_agent_path(daemon));
        g_assert_cmpint(outcome.exit_code, ==, 1);
        g_assert_cmpstr(outcome.errors, ==, "virt-timectl: virt-time-agent: only root may\n");
    }
    g_assert_cmpstr(fake_daemon_get_changes(daemon), ==, "");
}

static void
test_wrong_usage_is_told_apart(void)
{
    static const char *const rows[][4] = {
        { "makestep", "now", NULL },   { "onoffline", "office", NULL },
        { "burst", "a", "b", NULL },   { "burst", "--watch", NULL },
        { "offline", "--host", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Outcome) outcome = timectl_run(rows[i]);
        g_assert_cmpint(outcome.exit_code, ==, 2);
    }
}

#define ADD(name, function) g_test_add_func("/ctl/changes/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("each-command-asks-for-what-it-says", test_each_command_asks_for_what_it_says);
    ADD("words-tell-where-the-result-is-seen", test_words_tell_where_the_result_is_seen);
    ADD("reload-names-what-needs-a-restart", test_reload_names_what_needs_a_restart);
    ADD("who-may-not-is-told", test_who_may_not_is_told);
    ADD("wrong-usage-is-told-apart", test_wrong_usage_is_told_apart);
    return g_test_run();
}
