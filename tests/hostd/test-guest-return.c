/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that was saved or is being reverted comes back: its socket appears before libvirt says
 * anything. The opener is the real one, the domain one of libvirt's test driver.
 */
#include <errno.h>
#include <sys/socket.h>

#include <glib/gstdio.h>

#include "hostd/domain-watch.h"
#include "hostd/guest.h"
#include "hostd/opener-socket.h"
#include "hostd/opener.h"
#include "proto/link-scanner.h"
#include "tests/hostd/fake-channel.h"
#include "tests/os/fake-kernel.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    const char *uris[2];
    const char *folders[2];
    char *opener_path;
    VtOpener *opener;
    VtGuestContext context;
    VtGuest *guest;
    VtFd fd; /* the port's end */
    VtLinkScanner scanner;
    bool has_hello;
    bool has_notice;
    VtLinkHello hello;
    VtLinkNotice notice;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fake_host_init(&fixture->host, 1);
    fixture->uris[0] = fixture->host.uri;
    fixture->folders[0] = fixture->host.channel_folder;
    fixture->opener_path = g_build_filename(fixture->host.folder, "opener", NULL);
    VtOpenerParams opener_params = {
        .listen_fd = vt_opener_socket_listen(fixture->opener_path, geteuid(), &error),
        .caller = geteuid(),
        .uris = fixture->uris,
        .folders = fixture->folders,
    };
    g_assert_no_error(error);
    fixture->opener = vt_opener_new(&opener_params);

    VtChannelsParams params = {
        .uri = fixture->host.uri,
        .opener_path = fixture->opener_path,
    };
    g_autofree char *uuid = fake_host_dup_uuid(0);
    fixture->context.clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->context.channels = vt_channels_new(&params);
    fixture->context.instance = 4711;
    fixture->guest = vt_guest_new(&fixture->context, uuid, "guest0", true);
    fixture->fd = VT_FD_NONE;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_free(fixture->guest);
    vt_channels_free(fixture->context.channels);
    vt_clock_free(fixture->context.clock);
    vt_fd_close(&fixture->fd);
    vt_opener_free(fixture->opener);
    (void)g_unlink(fixture->opener_path);
    fake_host_clear(&fixture->host);
    g_free(fixture->opener_path);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
read_port(Fixture *fixture)
{
    uint8_t buffer[512];
    ssize_t n_read = recv(fixture->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    const uint8_t *bytes = buffer;
    size_t n_bytes = n_read > 0 ? (size_t)n_read : 0;
    VtLinkFrame frame;

    while (vt_link_scanner_next(&fixture->scanner, &bytes, &n_bytes, &frame)) {
        fixture->has_hello =
            vt_link_hello_decode(&frame, &fixture->hello) || fixture->has_hello;
        fixture->has_notice =
            vt_link_notice_decode(&frame, &fixture->notice) || fixture->has_notice;
    }
}

static bool
is_connected(void *user_data)
{
    Fixture *fixture = user_data;
    if (fixture->fd == VT_FD_NONE)
        fixture->fd = fake_host_accept(&fixture->host, 0);
    return fixture->fd != VT_FD_NONE;
}

static bool
is_told(void *user_data)
{
    Fixture *fixture = user_data;
    if (is_connected(fixture))
        read_port(fixture);
    return fixture->has_hello && fixture->has_notice;
}

static bool
has_hung_up(void *user_data)
{
    Fixture *fixture = user_data;
    char byte;
    while (recv(fixture->fd, &byte, 1, MSG_DONTWAIT) > 0)
        continue;
    return recv(fixture->fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static bool
is_gone(void *user_data)
{
    return vt_guest_is_gone(((Fixture *)user_data)->guest);
}

/* Gone into a file, and its next process begins to load it. */
static void
come_back(Fixture *fixture, VtDomainChange change)
{
    vt_guest_on_change(fixture->guest, change);
    g_assert_false(vt_guest_is_gone(fixture->guest));
    fake_host_listen(&fixture->host, 0);
}

static void
test_is_told_before_it_runs(Fixture *fixture, gconstpointer data)
{
    (void)data;
    come_back(fixture, VT_DOMAIN_SAVED);

    fake_host_run_until(is_told, fixture);

    g_assert_cmpuint(fixture->notice.cause, ==, VT_LINK_CAUSE_RESTORED);
    g_assert_cmphex(fixture->notice.flags & VT_LINK_NOTICE_EARLY, ==, VT_LINK_NOTICE_EARLY);
    g_assert_cmpuint(fixture->notice.epoch, ==, fixture->hello.epoch);
}

static void
test_revert_is_named(Fixture *fixture, gconstpointer data)
{
    (void)data;
    come_back(fixture, VT_DOMAIN_REVERTING);

    fake_host_run_until(is_told, fixture);

    g_assert_cmpuint(fixture->notice.cause, ==, VT_LINK_CAUSE_REVERTED);
}

static void
test_link_stands_over_the_start(Fixture *fixture, gconstpointer data)
{
    (void)data;
    come_back(fixture, VT_DOMAIN_SAVED);
    fake_host_run_until(is_told, fixture);
    uint32_t epoch = fixture->notice.epoch;
    VtLinkEventId id = fixture->notice.event;

    vt_guest_on_change(fixture->guest, VT_DOMAIN_RESTORED);
    g_assert_false(has_hung_up(fixture));
    fixture->has_notice = false;
    vt_guest_on_change(fixture->guest, VT_DOMAIN_RESUMED);
    fake_host_run_until(is_told, fixture);

    /* The same event; its reply may have been stamped before the guest ran. */
    g_assert_true(vt_link_event_id_equal(&fixture->notice.event, &id));
    g_assert_cmpuint(fixture->notice.epoch, ==, epoch + 1);
    g_assert_cmphex(fixture->notice.flags & VT_LINK_NOTICE_EARLY, ==, 0);
}

static void
test_boot_instead_begins_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    come_back(fixture, VT_DOMAIN_SAVED);
    fake_host_run_until(is_told, fixture);

    vt_guest_on_change(fixture->guest, VT_DOMAIN_BOOTED);

    fake_host_run_until(has_hung_up, fixture);
    g_assert_true(vt_guest_wants_xml(fixture->guest));
}

static void
test_start_that_fails_is_waited_for_again(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_host_dup_path(&fixture->host, 0);
    (void)data;
    come_back(fixture, VT_DOMAIN_SAVED);
    fake_host_run_until(is_told, fixture);

    vt_fd_close(&fixture->host.listen_fds[0]);
    g_assert_cmpint(g_unlink(path), ==, 0);
    vt_fd_close(&fixture->fd);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_false(vt_guest_is_gone(fixture->guest));
    fixture->has_hello = fixture->has_notice = false;
    fake_host_listen(&fixture->host, 0);

    fake_host_run_until(is_told, fixture);
    g_assert_cmpuint(fixture->notice.cause, ==, VT_LINK_CAUSE_RESTORED);
}

static void
test_is_gone_without_an_opener(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_clear_pointer(&fixture->opener, vt_opener_free);

    vt_guest_on_change(fixture->guest, VT_DOMAIN_SAVED);

    fake_host_run_until(is_gone, fixture);
}

static void
test_is_gone_when_it_was_shut_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_on_change(fixture->guest, VT_DOMAIN_STOPPED);
    g_assert_true(vt_guest_is_gone(fixture->guest));
}

#define add(path, function) \
    g_test_add("/hostd/guest-return/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("is-told-before-it-runs", test_is_told_before_it_runs);
    add("revert-is-named", test_revert_is_named);
    add("link-stands-over-the-start", test_link_stands_over_the_start);
    add("boot-instead-begins-anew", test_boot_instead_begins_anew);
    add("start-that-fails-is-waited-for-again", test_start_that_fails_is_waited_for_again);
    add("is-gone-without-an-opener", test_is_gone_without_an_opener);
    add("is-gone-when-it-was-shut-down", test_is_gone_when_it_was_shut_down);
    return g_test_run();
}
