/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/sign-order.h"

static GString *
get_log(void)
{
    static GString *log;
    if (log == NULL)
        log = g_string_new(NULL);
    return log;
}

static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    (void)level;
    (void)user_data;
    for (gsize i = 0; i < n_fields; i++) {
        if (g_str_equal(fields[i].key, "MESSAGE"))
            g_string_append_printf(get_log(), "%s\n", (const char *)fields[i].value);
    }
    return G_LOG_WRITER_HANDLED;
}

/* Since the last time. */
static void
assert_logged(const char *expected)
{
    g_assert_cmpstr(get_log()->str, ==, expected);
    g_string_truncate(get_log(), 0);
}

static VtMono
at_ms(int64_t ms)
{
    return (VtMono){ .ns = 1000 * VT_NS_PER_SEC + ms * VT_NS_PER_MS };
}

static void
assert_taken(VtSignOrder *order, const char *expected)
{
    g_autofree char *taken = vt_sign_order_take(order);
    g_assert_cmpstr(taken, ==, expected);
}

static void
test_tells_which_was_first(void)
{
    VtSignOrder order = { 0 };
    assert_taken(&order, "");
    vt_sign_order_add(&order, "vmclock-marker", at_ms(0));
    vt_sign_order_add(&order, "notice", at_ms(2));
    vt_sign_order_add(&order, "clock-set", at_ms(500));
    assert_taken(&order, "vmclock-marker, notice +2.000 ms, clock-set +500.0 ms");
    assert_taken(&order, "");
}

static void
test_names_each_once(void)
{
    VtSignOrder order = { 0 };
    vt_sign_order_add(&order, "notice", at_ms(0));
    vt_sign_order_add(&order, "notice", at_ms(1));
    vt_sign_order_add(&order, "clock-set", at_ms(2));
    vt_sign_order_add(&order, "notice", at_ms(3));
    assert_taken(&order, "notice, clock-set +2.000 ms");
}

static void
test_counts_from_the_first_since_the_last_end(void)
{
    VtSignOrder order = { 0 };
    vt_sign_order_add(&order, "notice", at_ms(0));
    assert_taken(&order, "notice");
    vt_sign_order_add(&order, "clock-set", at_ms(200));
    vt_sign_order_add(&order, "notice", at_ms(203));
    assert_taken(&order, "clock-set, notice +3.000 ms");
}

static void
test_begins_anew_after_a_while(void)
{
    VtSignOrder order = { 0 };
    vt_sign_order_add(&order, "uevent", at_ms(0));
    vt_sign_order_add(&order, "notice", at_ms(10000));
    assert_logged("sign 'uevent'\n");
    assert_taken(&order, "notice");
}

static void
test_logs_each_once(void)
{
    VtSignOrder order = { 0 };
    vt_sign_order_add(&order, "vmclock-marker", at_ms(0));
    vt_sign_order_add(&order, "notice", at_ms(2));
    vt_sign_order_log(&order);
    vt_sign_order_log(&order);
    vt_sign_order_end(&order);
    assert_logged("sign 'vmclock-marker'\n"
                  "sign 'notice', 2.000 ms after 'vmclock-marker'\n");
    assert_taken(&order, "");
}

static void
test_keeps_the_first_of_too_many(void)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
    VtSignOrder order = { 0 };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        vt_sign_order_add(&order, names[i], at_ms(i));
    g_autofree char *taken = vt_sign_order_take(&order);
    g_assert_true(g_str_has_prefix(taken, "a, b +1.000 ms"));
    g_assert_true(g_str_has_suffix(taken, "h +7.000 ms"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, NULL, NULL);
    g_test_add_func("/agent/sign-order/tells-which-was-first", test_tells_which_was_first);
    g_test_add_func("/agent/sign-order/names-each-once", test_names_each_once);
    g_test_add_func("/agent/sign-order/counts-from-the-first-since-the-last-end",
                    test_counts_from_the_first_since_the_last_end);
    g_test_add_func("/agent/sign-order/begins-anew-after-a-while",
                    test_begins_anew_after_a_while);
    g_test_add_func("/agent/sign-order/logs-each-once", test_logs_each_once);
    g_test_add_func("/agent/sign-order/keeps-the-first-of-too-many",
                    test_keeps_the_first_of_too_many);
    int status = g_test_run();
    g_string_free(get_log(), TRUE);
    return status;
}
