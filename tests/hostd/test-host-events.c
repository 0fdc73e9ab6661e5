/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole daemon while its host's own clock is set, becomes good, or the host sleeps: what two
 * guests are told. The domains are those of libvirt's test driver, the agents are played.
 */
#include <stdio.h>

#include "hostd/domain-watch.h"
#include "hostd/hostd.h"
#include "tests/hostd/fake-channel.h"
#include "tests/hostd/fake-guest.h"
#include "tests/os/fake-kernel.h"

#define N_GUESTS 2

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtHostd *hostd;
    char *folder; /* of what hostd keeps */
    FakeGuest guests[N_GUESTS];
    unsigned n_wanted_notices;
} Fixture;

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

static bool
are_all_up(void *user_data)
{
    Fixture *fixture = user_data;
    play_guests(fixture);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        if (!fixture->guests[i].session.is_up)
            return false;
    }
    return true;
}

static bool
are_all_told(void *user_data)
{
    Fixture *fixture = user_data;
    play_guests(fixture);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        if (fixture->guests[i].n_notices < fixture->n_wanted_notices)
            return false;
    }
    return true;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fixture->kernel.maxerror_us = 1000;
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fake_host_init(&fixture->host, N_GUESTS);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        fake_host_listen(&fixture->host, i);
        fake_guest_init(&fixture->guests[i], 4711 + i);
        fixture->guests[i].acknowledges = true;
    }
}

static void
start(Fixture *fixture)
{
    VtHostdParams params = {
        .uri = fixture->host.uri,
        .host = { .clock_set = { .kernel = &fake_kernel_set_watch,
                                 .instance = &fixture->kernel } },
        .state_path = fixture->folder,
    };
    fixture->hostd = vt_hostd_new(&params, fixture->clock, NULL);
    fake_host_run_until(are_all_up, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *journal = g_build_filename(fixture->folder, "journal.jsonl", NULL);
    (void)data;
    vt_hostd_free(fixture->hostd);
    vt_clock_free(fixture->clock);
    for (unsigned i = 0; i < N_GUESTS; i++)
        fake_guest_clear(&fixture->guests[i]);
    fake_host_clear(&fixture->host);
    (void)remove(journal);
    g_assert_cmpint(remove(fixture->folder), ==, 0);
    g_free(fixture->folder);
}

static void
expect_notices(Fixture *fixture, unsigned n_notices, VtLinkCause cause)
{
    fixture->n_wanted_notices = n_notices;
    fake_host_run_until(are_all_told, fixture);
    for (unsigned i = 0; i < N_GUESTS; i++) {
        g_assert_cmpuint(fixture->guests[i].n_notices, ==, n_notices);
        g_assert_cmpuint(fixture->guests[i].notice.cause, ==, cause);
    }
}

static bool
has_been_answered(void *user_data)
{
    Fixture *fixture = user_data;
    play_guests(fixture);
    return fixture->guests[0].n_replies > 0;
}

/* The first record that says @cause, or NULL. Transfer full. */
static GVariant *
find_record(VtHostd *hostd, const char *cause)
{
    g_autoptr(GVariant) records = g_variant_ref_sink(vt_hostd_get_journal(hostd, 256));
    for (gsize i = 0; i < g_variant_n_children(records); i++) {
        g_autoptr(GVariant) record = g_variant_get_child_value(records, i);
        const char *shown = "";
        if (g_variant_lookup(record, "cause", "&s", &shown) && g_str_equal(shown, cause))
            return g_variant_ref(record);
    }
    return NULL;
}

static void
test_step_is_told_once_the_host_is_good_again(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    fixture->kernel.maxerror_us = 16000000;
    fake_kernel_set_by_other(&fixture->kernel, -3 * VT_NS_PER_SEC);
    fake_guest_ask(&fixture->guests[0], 1, now);
    fake_host_run_until(has_been_answered, fixture);
    /* Nobody is told yet, but what was stamped before is void, and the host is known as bad. */
    g_assert_cmpuint(fixture->guests[0].n_notices, ==, 0);
    g_assert_cmpuint(fixture->guests[0].reply.epoch, ==, fixture->guests[0].hello.epoch + 1);
    g_assert_cmpuint(fixture->guests[0].reply.packet.leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);

    fixture->kernel.maxerror_us = 1000;
    expect_notices(fixture, 1, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
    g_assert_cmpint(fixture->guests[0].notice.flags & VT_LINK_NOTICE_HOST_SYNCHRONISED, !=, 0);
}

static void
test_step_stands_in_the_journal(Fixture *fixture, gconstpointer data)
{
    gint64 offset_ns = 0;
    (void)data;
    start(fixture);

    fake_kernel_set_by_other(&fixture->kernel, -3 * VT_NS_PER_SEC);
    expect_notices(fixture, 1, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);

    g_autoptr(GVariant) record = find_record(fixture->hostd, "host-clock-stepped");
    g_assert_nonnull(record);
    g_assert_true(g_variant_lookup(record, "offset-ns", "x", &offset_ns));
    g_assert_cmpint(offset_ns, ==, -3 * VT_NS_PER_SEC);
    g_assert_false(g_variant_lookup(record, "uuid", "s", NULL));
}

static void
test_wake_is_told_at_once(Fixture *fixture, gconstpointer data)
{
    gint64 slept_ns = 0;
    (void)data;
    start(fixture);

    fake_kernel_sleep(&fixture->kernel, 600 * VT_NS_PER_SEC);
    expect_notices(fixture, 1, VT_LINK_CAUSE_HOST_WOKE);

    g_autoptr(GVariant) record = find_record(fixture->hostd, "host-woke");
    g_assert_nonnull(record);
    g_assert_true(g_variant_lookup(record, "stand-still-ns", "x", &slept_ns));
    g_assert_cmpint(slept_ns, ==, 600 * VT_NS_PER_SEC);
}

static void
test_guests_are_told_when_the_host_is_synchronised(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.maxerror_us = 16000000;
    start(fixture);

    fixture->kernel.maxerror_us = 1000;
    expect_notices(fixture, 1, VT_LINK_CAUSE_HOST_SYNCHRONISED);
    g_assert_cmpint(fixture->guests[1].notice.flags & VT_LINK_NOTICE_HOST_SYNCHRONISED, !=, 0);
}

#define add(path, function) \
    g_test_add("/hostd/host-events/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("step-is-told-once-the-host-is-good-again",
        test_step_is_told_once_the_host_is_good_again);
    add("step-stands-in-the-journal", test_step_stands_in_the_journal);
    add("wake-is-told-at-once", test_wake_is_told_at_once);
    add("guests-are-told-when-the-host-is-synchronised",
        test_guests_are_told_when_the_host_is_synchronised);
    return g_test_run();
}
