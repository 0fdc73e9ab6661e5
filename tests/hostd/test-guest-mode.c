/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-mode.h"

static void
test_each_domain_gets_its_mode(void)
{
    static const struct {
        const char *name;
        VtDomainXml domain;
        uint8_t mode;
        bool is_default;
    } rows[] = {
        { "nothing said", { 0 }, VT_LINK_MODE_FULL, true },
        { "metadata", { .has_mode = true, .mode = VT_LINK_MODE_OFF }, VT_LINK_MODE_OFF, false },
        { "a word that is none", { .has_mode = true }, VT_LINK_MODE_OBSERVE, false },
        { "absolute", { .clock = VT_DOMAIN_CLOCK_ABSOLUTE }, VT_LINK_MODE_OBSERVE, false },
        { "a bit off",
          { .clock = VT_DOMAIN_CLOCK_VARIABLE, .adjustment_sec = -59 },
          VT_LINK_MODE_FULL,
          true },
        { "a minute ahead",
          { .clock = VT_DOMAIN_CLOCK_VARIABLE, .adjustment_sec = 60 },
          VT_LINK_MODE_OBSERVE,
          false },
        { "years behind",
          { .clock = VT_DOMAIN_CLOCK_VARIABLE, .adjustment_sec = INT64_MIN + 1 },
          VT_LINK_MODE_OBSERVE,
          false },
        { "metadata knows better",
          { .has_mode = true, .mode = VT_LINK_MODE_FULL, .clock = VT_DOMAIN_CLOCK_ABSOLUTE },
          VT_LINK_MODE_FULL,
          false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        VtGuestMode mode = vt_guest_mode_choose(&rows[i].domain);
        g_assert_cmpint(mode.mode, ==, rows[i].mode);
        g_assert_cmpint(*mode.reason == '\0', ==, rows[i].is_default);
    }
}

static void
test_frozen_guests_observe_at_most(void)
{
    VtGuestMode full = { .mode = VT_LINK_MODE_FULL, .reason = "" };
    VtGuestMode off = { .mode = VT_LINK_MODE_OFF, .reason = "said so" };

    g_assert_cmpint(vt_guest_mode_freeze(full).mode, ==, VT_LINK_MODE_OBSERVE);
    g_assert_cmpstr(vt_guest_mode_freeze(full).reason, ==, "frozen by the operator");
    g_assert_cmpint(vt_guest_mode_freeze(off).mode, ==, VT_LINK_MODE_OFF);
    g_assert_cmpstr(vt_guest_mode_freeze(off).reason, ==, "said so");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/guest-mode/each-domain-gets-its-mode",
                    test_each_domain_gets_its_mode);
    g_test_add_func("/hostd/guest-mode/frozen-guests-observe-at-most",
                    test_frozen_guests_observe_at_most);
    return g_test_run();
}
