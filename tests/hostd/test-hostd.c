/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole daemon over libvirt's test driver: what an operator asks of it. */
#include <glib/gstdio.h>

#include "base/error.h"
#include "hostd/domain-watch.h"
#include "hostd/hostd.h"
#include "tests/os/fake-kernel.h"

/* The test driver answers at once; this only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    char *folder;
    VtHostd *hostd;
} Fixture;

static void
start(Fixture *fixture)
{
    VtHostdParams params = {
        .uri = "test:///default",
        .host = { .trust = VT_HOST_CLOCK_TRUSTED },
        .state_path = fixture->folder,
    };
    fixture->hostd = vt_hostd_new(&params, fixture->clock, NULL);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *freeze = g_build_filename(fixture->folder, "freeze", NULL);
    (void)data;
    vt_hostd_free(fixture->hostd);
    vt_clock_free(fixture->clock);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    (void)g_unlink(freeze);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
}

static bool
is_frozen(Fixture *fixture)
{
    g_autoptr(GVariant) host = g_variant_ref_sink(vt_hostd_get_host(fixture->hostd));
    gboolean frozen = FALSE;
    g_assert_true(g_variant_lookup(host, "frozen", "b", &frozen));
    return frozen;
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

/* NULL until the only guest has a mode. Transfer full. */
static char *
get_mode(Fixture *fixture, const char *key)
{
    g_autoptr(GVariant) guests = g_variant_ref_sink(vt_hostd_get_guests(fixture->hostd));
    char *text = NULL;
    if (g_variant_n_children(guests) == 0)
        return NULL;
    g_autoptr(GVariant) guest = g_variant_get_child_value(guests, 0);
    g_assert_true(g_variant_lookup(guest, key, "s", &text));
    if (*text == '\0')
        g_clear_pointer(&text, g_free);
    return text;
}

static void
wait_for_guest(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    g_autofree char *mode = NULL;
    while ((mode = get_mode(fixture, "mode")) == NULL && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_false(has_timed_out);
}

static void
test_freeze_holds_over_a_restart(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_false(is_frozen(fixture));

    vt_hostd_set_frozen(fixture->hostd, true);
    g_clear_pointer(&fixture->hostd, vt_hostd_free);
    start(fixture);
    g_assert_true(is_frozen(fixture));

    vt_hostd_set_frozen(fixture->hostd, false);
    g_clear_pointer(&fixture->hostd, vt_hostd_free);
    start(fixture);
    g_assert_false(is_frozen(fixture));
}

static void
test_frozen_guest_says_why_it_observes(Fixture *fixture, gconstpointer data)
{
    (void)data;
    wait_for_guest(fixture);
    g_autofree char *before = get_mode(fixture, "mode");

    vt_hostd_set_frozen(fixture->hostd, true);

    g_autofree char *after = get_mode(fixture, "mode");
    g_autofree char *reason = get_mode(fixture, "mode-reason");
    g_assert_cmpstr(before, ==, "full");
    g_assert_cmpstr(after, ==, "observe");
    g_assert_cmpstr(reason, ==, "frozen by the operator");
}

static void
test_resync_says_what_is_in_the_way(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) unknown = NULL;
    g_autoptr(GError) no_link = NULL;
    g_autoptr(GError) frozen = NULL;
    (void)data;
    wait_for_guest(fixture);

    g_assert_false(vt_hostd_resync(fixture->hostd, "nobody", &unknown));
    g_assert_false(vt_hostd_resync(fixture->hostd, "test", &no_link));
    vt_hostd_set_frozen(fixture->hostd, true);
    g_assert_false(vt_hostd_resync(fixture->hostd, "test", &frozen));

    g_assert_error(unknown, VT_ERROR, VT_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(unknown->message, "'nobody'"));
    g_assert_error(no_link, VT_ERROR, VT_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(no_link->message, "no-channel"));
    g_assert_error(frozen, VT_ERROR, VT_ERROR_BUSY);
    g_assert_nonnull(strstr(frozen->message, "freeze off"));
}

static bool
is_libvirt_missed(Fixture *fixture)
{
    g_autoptr(GVariant) host = g_variant_ref_sink(vt_hostd_get_host(fixture->hostd));
    const char *libvirt = "";
    g_assert_true(g_variant_lookup(host, "libvirt", "&s", &libvirt));
    return strstr(libvirt, "nobody.xml") != NULL;
}

static void
test_without_libvirt_it_serves_and_says_so(Fixture *fixture, gconstpointer data)
{
    VtHostdParams params = { .uri = "test:///nowhere/nobody.xml" };
    bool has_timed_out = false;
    (void)data;
    g_clear_pointer(&fixture->hostd, vt_hostd_free);
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);

    fixture->hostd = vt_hostd_new(&params, fixture->clock, NULL);
    while (!is_libvirt_missed(fixture) && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);

    g_assert_false(has_timed_out);
    g_autoptr(GVariant) guests = g_variant_ref_sink(vt_hostd_get_guests(fixture->hostd));
    g_assert_cmpuint(g_variant_n_children(guests), ==, 0);
}

#define add(path, function) \
    g_test_add("/hostd/hostd/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* hostd warns of a libvirt that is not there. */
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("freeze-holds-over-a-restart", test_freeze_holds_over_a_restart);
    add("frozen-guest-says-why-it-observes", test_frozen_guest_says_why_it_observes);
    add("resync-says-what-is-in-the-way", test_resync_says_what_is_in_the_way);
    add("without-libvirt-it-serves-and-says-so", test_without_libvirt_it_serves_and_says_so);
    return g_test_run();
}
