/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/watchdog.h"
#include "tests/os/fake-manager.h"

/* A period so short that two pings come within the time of a unit test. */
#define PERIOD_US "10000"

static gboolean
on_timeout(gpointer user_data)
{
    gboolean *has_timed_out = user_data;
    *has_timed_out = TRUE;
    return G_SOURCE_CONTINUE;
}

static void
test_pings_from_the_main_loop(void)
{
    FakeManager manager;
    gboolean has_timed_out = FALSE;
    unsigned n_pings = 0;
    fake_manager_init(&manager);
    g_setenv("WATCHDOG_USEC", PERIOD_US, TRUE);
    guint timeout_id = g_timeout_add_seconds(10, on_timeout, &has_timed_out);

    g_autoptr(VtWatchdog) watchdog = vt_watchdog_new();
    g_assert_nonnull(watchdog);
    while (n_pings < 2 && !has_timed_out) {
        g_auto(VtFd) fd = VT_FD_NONE;
        g_main_context_iteration(NULL, TRUE);
        g_autofree char *text = fake_manager_receive(&manager, &fd);
        if (g_strcmp0(text, "WATCHDOG=1") == 0)
            n_pings += 1;
    }

    g_assert_cmpuint(n_pings, ==, 2);
    g_source_remove(timeout_id);
    g_unsetenv("WATCHDOG_USEC");
    fake_manager_clear(&manager);
}

static void
test_is_none_without_a_period(void)
{
    g_unsetenv("WATCHDOG_USEC");
    g_assert_null(vt_watchdog_new());

    g_setenv("WATCHDOG_USEC", "soon", TRUE);
    g_assert_null(vt_watchdog_new());
    g_unsetenv("WATCHDOG_USEC");
}

static void
test_leaves_another_process_alone(void)
{
    g_setenv("WATCHDOG_USEC", PERIOD_US, TRUE);
    g_setenv("WATCHDOG_PID", "1", TRUE);

    g_assert_null(vt_watchdog_new());

    g_unsetenv("WATCHDOG_USEC");
    g_unsetenv("WATCHDOG_PID");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/watchdog/pings-from-the-main-loop", test_pings_from_the_main_loop);
    g_test_add_func("/os/watchdog/is-none-without-a-period", test_is_none_without_a_period);
    g_test_add_func("/os/watchdog/leaves-another-process-alone",
                    test_leaves_another_process_alone);
    return g_test_run();
}
