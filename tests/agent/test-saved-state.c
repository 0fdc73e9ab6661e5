/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib/gstdio.h>

#include "agent/saved-state.h"
#include "base/error.h"
#include "proto/link-words.h"

static const VtIdentity here = { .machine = "aa", .vm = "bb", .boot = "c1" };
static const VtIdentity rebooted = { .machine = "aa", .vm = "bb", .boot = "c2" };
static const VtIdentity cloned_vm = { .machine = "aa", .vm = "dd", .boot = "c2" };
static const VtIdentity reinstalled = { .machine = "ee", .vm = "bb", .boot = "c2" };
static const VtIdentity unprivileged = { .machine = "aa", .boot = "c1" };
static const VtIdentity nameless = { .boot = "c1" };

static VtSavedState
make_state(void)
{
    return (VtSavedState){
        .identity = here,
        .has_rate = true,
        .rate_ppb = -12345.5,
        .rate_sigma_ppb = 30,
        .mode = VT_LINK_MODE_OBSERVE,
    };
}

static void
test_comes_back(void)
{
    VtSavedState before = make_state();
    VtSavedState after;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = vt_saved_state_write(&before);

    g_assert_true(vt_saved_state_read(text, &here, &after, &error));

    g_assert_no_error(error);
    g_assert_true(after.has_rate);
    g_assert_cmpfloat(after.rate_ppb, ==, -12345.5);
    g_assert_cmpfloat(after.rate_sigma_ppb, >, 30);
    g_assert_cmpfloat(after.rate_sigma_ppb, <, 2000);
    g_assert_cmpint(after.mode, ==, VT_LINK_MODE_OBSERVE);
}

static void
test_rtc_phase_is_this_boots_alone(void)
{
    VtSavedState before = make_state();
    VtSavedState after;
    before.rtc_phase = (VtRtcPhase){
        .is_known = true,
        .is_true = true,
        .ahead_ns = -7199 * VT_NS_PER_SEC,
        .error_ns = 250000,
        .learnt_at = { .ns = INT64_C(1900000000000000000) },
    };
    g_autofree char *text = vt_saved_state_write(&before);

    g_assert_true(vt_saved_state_read(text, &here, &after, NULL));
    g_assert_true(after.rtc_phase.is_known);
    g_assert_true(after.rtc_phase.is_true);
    g_assert_cmpint(after.rtc_phase.ahead_ns, ==, -7199 * VT_NS_PER_SEC);
    g_assert_cmpint(after.rtc_phase.error_ns, ==, 250000);
    g_assert_cmpint(after.rtc_phase.learnt_at.ns, ==, INT64_C(1900000000000000000));

    g_assert_true(vt_saved_state_read(text, &rebooted, &after, NULL));
    g_assert_false(after.rtc_phase.is_known);
}

static void
test_after_a_boot_the_rate_is_less_sure(void)
{
    VtSavedState before = make_state();
    VtSavedState after;
    g_autofree char *text = vt_saved_state_write(&before);

    g_assert_true(vt_saved_state_read(text, &rebooted, &after, NULL));

    g_assert_cmpfloat(after.rate_ppb, ==, -12345.5);
    g_assert_cmpfloat(after.rate_sigma_ppb, >, 20000);
    /* What the servo still uses. */
    g_assert_cmpfloat(after.rate_sigma_ppb, <, 50000);
}

static void
test_clones_do_not_believe_it(void)
{
    static const struct {
        const char *name;
        const VtIdentity *identity;
        bool is_believed;
    } rows[] = {
        { "the same", &here, true },
        { "rebooted", &rebooted, true },
        { "firmware not readable", &unprivileged, true },
        { "a clone of the machine", &cloned_vm, false },
        { "installed anew", &reinstalled, false },
        { "nothing is known", &nameless, false },
    };
    VtSavedState before = make_state();
    g_autofree char *text = vt_saved_state_write(&before);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtSavedState after;
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(vt_saved_state_read(text, rows[i].identity, &after, NULL), ==,
                        rows[i].is_believed);
    }
}

static void
test_mode_alone_is_enough(void)
{
    VtSavedState before = { .identity = here, .mode = VT_LINK_MODE_OFF };
    VtSavedState after;
    g_autofree char *text = vt_saved_state_write(&before);

    g_assert_true(vt_saved_state_read(text, &here, &after, NULL));

    g_assert_false(after.has_rate);
    g_assert_cmpint(after.mode, ==, VT_LINK_MODE_OFF);
}

#define OURS "[state]\nmachine=aa\nvm=bb\nboot=c1\n"

static void
test_garbage_is_refused(void)
{
    static const char *const rows[] = {
        "",
        "\001\002\003",
        "[other]\n",
        "rate-ppb=1\n",
        OURS "rate-ppb=fast\nrate-sigma-ppb=1\n",
        OURS "rate-ppb=nan\nrate-sigma-ppb=1\n",
        OURS "rate-ppb=1e300\nrate-sigma-ppb=1\n",
        OURS "rate-ppb=1\n",
        OURS "rate-ppb=1\nrate-sigma-ppb=-1\n",
        OURS "rate-ppb=1\nrate-sigma-ppb=inf\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtSavedState state;
        g_autoptr(GError) error = NULL;
        g_autofree char *shown =
            g_strescape(rows[i], NULL); /* TAP is text, these are not all */
        g_test_message("%s", shown);
        g_assert_false(vt_saved_state_read(rows[i], &here, &state, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    }
}

static void
test_unknown_mode_is_none(void)
{
    VtSavedState state;

    g_assert_true(vt_saved_state_read(OURS "mode=wild\n", &here, &state, NULL));

    g_assert_cmpint(state.mode, ==, VT_LINK_MODE_INVALID);
}

static void
test_identity_is_read_as_files_have_it(void)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *machine = g_build_filename(folder, "machine", NULL);
    g_autofree char *vm = g_build_filename(folder, "vm", NULL);
    VtIdentityPlaces places = { .machine_path = machine, .vm_path = vm, .boot_path = folder };
    g_assert_true(g_file_set_contents(machine, "uninitialized\n", -1, NULL));
    g_assert_true(g_file_set_contents(vm, "C4D23BA6-1DD2-11B2-9C8B-6F8A0D6B2F11\n", -1, NULL));

    VtIdentity identity = vt_identity_read(&places);

    g_assert_cmpstr(identity.machine, ==, "");
    g_assert_cmpstr(identity.vm, ==, "c4d23ba6-1dd2-11b2-9c8b-6f8a0d6b2f11");
    g_assert_cmpstr(identity.boot, ==, "");
    g_assert_cmpint(g_remove(machine), ==, 0);
    g_assert_cmpint(g_remove(vm), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/saved-state/comes-back", test_comes_back);
    g_test_add_func("/agent/saved-state/rtc-phase-is-this-boots-alone",
                    test_rtc_phase_is_this_boots_alone);
    g_test_add_func("/agent/saved-state/after-a-boot-the-rate-is-less-sure",
                    test_after_a_boot_the_rate_is_less_sure);
    g_test_add_func("/agent/saved-state/clones-do-not-believe-it",
                    test_clones_do_not_believe_it);
    g_test_add_func("/agent/saved-state/mode-alone-is-enough", test_mode_alone_is_enough);
    g_test_add_func("/agent/saved-state/garbage-is-refused", test_garbage_is_refused);
    g_test_add_func("/agent/saved-state/unknown-mode-is-none", test_unknown_mode_is_none);
    g_test_add_func("/agent/identity/is-read-as-files-have-it",
                    test_identity_is_read_as_files_have_it);
    return g_test_run();
}
