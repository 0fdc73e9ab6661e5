/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostd is restarted while it serves ten guests; the service manager keeps its links meanwhile.
 * The domains are those of libvirt's test driver, the guests' agents are played.
 */
#include <string.h>

#include "hostd/domain-watch.h"
#include "hostd/hostd.h"
#include "tests/hostd/fake-channel.h"
#include "tests/hostd/fake-guest.h"
#include "tests/os/fake-kernel.h"
#include "tests/os/fake-manager.h"

#define N_GUESTS 10

/* Above what a test program has open by itself. */
#define FIRST_FD 200

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeManager manager;
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtHostd *hostd;
    FakeGuest guests[N_GUESTS];
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_manager_init(&fixture->manager);
    fake_kernel_init(&fixture->kernel, now);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fake_host_init(&fixture->host, N_GUESTS);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        fake_host_listen(&fixture->host, i);
        fake_guest_init(&fixture->guests[i], 4711 + i);
    }
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_hostd_free(fixture->hostd);
    for (unsigned i = 0; i < N_GUESTS; i++)
        vt_fd_close(&fixture->guests[i].fd);
    fake_host_clear(&fixture->host);
    vt_clock_free(fixture->clock);
    fake_manager_clear(&fixture->manager);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
start_hostd(Fixture *fixture)
{
    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(FIRST_FD);
    VtHostdParams params = {
        .uri = fixture->host.uri,
        .host = { .trust = VT_HOST_CLOCK_TRUSTED },
        .passed = passed,
    };
    fixture->hostd = vt_hostd_new(&params, fixture->clock, NULL);
}

static void
play_guests(Fixture *fixture)
{
    for (unsigned i = 0; i < N_GUESTS; i++) {
        FakeGuest *guest = &fixture->guests[i];
        if (guest->fd == VT_FD_NONE)
            guest->fd = fake_host_accept(&fixture->host, i);
        if (guest->fd != VT_FD_NONE)
            fake_guest_read(guest);
    }
}

static unsigned
count_links(Fixture *fixture)
{
    g_autoptr(GVariant) guests = g_variant_ref_sink(vt_hostd_get_guests(fixture->hostd));
    unsigned n_up = 0;
    for (gsize i = 0; i < g_variant_n_children(guests); i++) {
        g_autoptr(GVariant) guest = g_variant_get_child_value(guests, i);
        const char *link = "";
        n_up += g_variant_lookup(guest, "link", "&s", &link) && g_str_equal(link, "up");
    }
    return n_up;
}

static bool
are_all_up(void *user_data)
{
    Fixture *fixture = user_data;
    play_guests(fixture);
    return count_links(fixture) == N_GUESTS;
}

static bool
are_all_told(void *user_data)
{
    Fixture *fixture = user_data;
    play_guests(fixture);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        if (fixture->guests[i].n_notices == 0)
            return false;
    }
    return true;
}

/* What hostd gave the manager to keep comes back as it would to a new process. */
static void
stop_hostd(Fixture *fixture)
{
    g_autoptr(GString) names = g_string_new(NULL);
    int n_fds = 0;
    VtFd fd;

    g_clear_pointer(&fixture->hostd, vt_hostd_free);
    for (;;) {
        g_autofree char *text = fake_manager_receive(&fixture->manager, &fd);
        if (text == NULL)
            break;
        g_assert_true(g_str_has_prefix(text, "FDSTORE=1\nFDNAME="));
        g_assert_cmpint(dup2(fd, FIRST_FD + n_fds), ==, FIRST_FD + n_fds);
        vt_fd_close(&fd);
        g_string_append_printf(names, "%s%s", n_fds > 0 ? ":" : "",
                               text + strlen("FDSTORE=1\nFDNAME="));
        n_fds += 1;
    }
    g_assert_cmpint(n_fds, ==, N_GUESTS);
    fake_manager_announce(n_fds, names->str);
}

static void
test_disrupts_none_of_ten_guests(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_hostd(fixture);
    fake_host_run_until(are_all_up, fixture);

    stop_hostd(fixture);
    start_hostd(fixture);
    fake_host_run_until(are_all_told, fixture);

    g_assert_cmpuint(count_links(fixture), ==, N_GUESTS);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        const FakeGuest *guest = &fixture->guests[i];
        g_assert_false(guest->has_hung_up);
        g_assert_cmpint(fake_host_accept(&fixture->host, i), ==, VT_FD_NONE);
        /* A new session, a raised epoch, and a hint that is weak: it measures, no more. */
        g_assert_cmpuint(guest->n_sessions, ==, 2);
        g_assert_cmpuint(guest->hello.epoch, ==, 2);
        g_assert_cmpuint(guest->n_notices, ==, 1);
        g_assert_cmpuint(guest->notice.cause, ==, VT_LINK_CAUSE_UNKNOWN);
        g_assert_cmpuint(guest->notice.epoch, ==, 2);
    }
}

static void
test_makes_a_link_anew_that_was_not_kept(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_hostd(fixture);
    fake_host_run_until(are_all_up, fixture);
    stop_hostd(fixture);
    /* The manager dropped one: its guest's process ended meanwhile, and there is a new one. */
    vt_fd_close(&fixture->guests[3].fd);
    vt_link_session_begin(&fixture->guests[3].session, 815);

    start_hostd(fixture);
    fake_host_run_until(are_all_up, fixture);

    g_assert_cmpint(fixture->guests[3].fd, !=, VT_FD_NONE);
    g_assert_false(fixture->guests[2].has_hung_up);
}

static bool
is_forgotten(void *user_data)
{
    Fixture *fixture = user_data;
    g_auto(VtFd) fd = VT_FD_NONE;
    g_autofree char *text = fake_manager_receive(&fixture->manager, &fd);
    g_autofree char *uuid = fake_host_dup_uuid(5);
    g_autofree char *wanted = g_strconcat("FDSTOREREMOVE=1\nFDNAME=guest-", uuid, NULL);
    play_guests(fixture);
    return g_strcmp0(text, wanted) == 0;
}

static void
test_closed_link_is_kept_no_longer(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_hostd(fixture);
    fake_host_run_until(are_all_up, fixture);

    vt_fd_close(&fixture->guests[5].fd);

    fake_host_run_until(is_forgotten, fixture);
}

#define add(path, function) \
    g_test_add("/hostd/restart/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("disrupts-none-of-ten-guests", test_disrupts_none_of_ten_guests);
    add("makes-a-link-anew-that-was-not-kept", test_makes_a_link_anew_that_was_not_kept);
    add("closed-link-is-kept-no-longer", test_closed_link_is_kept_no_longer);
    return g_test_run();
}
