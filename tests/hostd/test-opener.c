/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains are those of libvirt's test driver; the asker is played packet by packet. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "hostd/domain-watch.h"
#include "hostd/opener-socket.h"
#include "hostd/opener.h"
#include "os/fd-message.h"
#include "proto/opener-message.h"
#include "tests/hostd/fake-channel.h"

/* A user that is neither root nor the one who runs the tests. */
#define STRANGER 65533

typedef struct {
    FakeHost host;
    const char *uris[2];
    const char *folders[2];
    char *socket_path;
    VtOpener *opener;
    VtFd fd; /* the asker's */
    bool has_reply;
    ssize_t n_reply_bytes;
    VtOpenerReply reply;
    VtFd channel_fd;
} Fixture;

static void
start(Fixture *fixture, uid_t caller)
{
    g_autoptr(GError) error = NULL;
    VtOpenerParams params = {
        .caller = caller,
        .uris = fixture->uris,
        .folders = fixture->folders,
    };
    params.listen_fd = vt_opener_socket_listen(fixture->socket_path, caller, &error);
    g_assert_no_error(error);
    fixture->opener = vt_opener_new(&params);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_init(&fixture->host, 2);
    fixture->uris[0] = fixture->host.uri;
    fixture->folders[0] = fixture->host.channel_folder;
    fixture->socket_path = g_build_filename(fixture->host.folder, "opener", NULL);
    fixture->fd = VT_FD_NONE;
    fixture->channel_fd = VT_FD_NONE;
    start(fixture, geteuid());
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_fd_close(&fixture->fd);
    vt_fd_close(&fixture->channel_fd);
    vt_opener_free(fixture->opener);
    (void)g_unlink(fixture->socket_path);
    fake_host_clear(&fixture->host);
    g_free(fixture->socket_path);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static VtFd
connect_to(Fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, fixture->socket_path, sizeof address.sun_path);
    VtFd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static bool
receive(void *user_data)
{
    Fixture *fixture = user_data;
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES];

    ssize_t n_bytes =
        vt_fd_message_receive(fixture->fd, bytes, sizeof bytes, &fixture->channel_fd);
    if (n_bytes < 0 && errno == EAGAIN)
        return false;
    fixture->n_reply_bytes = n_bytes;
    fixture->has_reply =
        n_bytes > 0 && vt_opener_reply_decode(bytes, (size_t)n_bytes, &fixture->reply);
    return true;
}

static VtOpenerRequest
make_request(Fixture *fixture, VtOpenerKind kind, unsigned index)
{
    VtOpenerRequest request = { .kind = (uint8_t)kind, .time_limit_ms = 60000 };
    g_autofree char *uuid = fake_host_dup_uuid(index);
    g_strlcpy(request.uuid, uuid, sizeof request.uuid);
    g_strlcpy(request.uri, fixture->host.uri, sizeof request.uri);
    return request;
}

static void
send_request(Fixture *fixture, const VtOpenerRequest *request)
{
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];
    size_t n_bytes = vt_opener_request_encode(request, bytes);
    if (fixture->fd == VT_FD_NONE)
        fixture->fd = connect_to(fixture);
    g_assert_cmpint(vt_fd_message_send(fixture->fd, bytes, n_bytes, VT_FD_NONE), ==, n_bytes);
}

static void
ask(Fixture *fixture, const VtOpenerRequest *request)
{
    send_request(fixture, request);
    fake_host_run_until(receive, fixture);
}

static void
assert_refused(Fixture *fixture, VtOpenerCode code)
{
    g_assert_true(fixture->has_reply);
    g_assert_cmpuint(fixture->reply.code, ==, code);
    g_assert_cmpuint(strlen(fixture->reply.text), >, 0);
    g_assert_cmpint(fixture->channel_fd, ==, VT_FD_NONE);
}

static void
assert_connected(Fixture *fixture, unsigned index)
{
    char byte = 0;
    g_auto(VtFd) guest_fd = fake_host_accept(&fixture->host, index);
    g_assert_true(fixture->has_reply);
    g_assert_cmpuint(fixture->reply.code, ==, VT_OPENER_OK);
    g_assert_cmpint(write(guest_fd, "x", 1), ==, 1);
    g_assert_cmpint(read(fixture->channel_fd, &byte, 1), ==, 1);
}

static void
test_hands_the_channel_over(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_OPEN, 1);
    (void)data;
    fake_host_listen(&fixture->host, 0);
    fake_host_listen(&fixture->host, 1);

    ask(fixture, &request);

    assert_connected(fixture, 1);
    g_assert_cmpint(fake_host_accept(&fixture->host, 0), ==, VT_FD_NONE);
}

static void
test_unknown_domain_is_not_found(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_OPEN, 7);
    (void)data;

    ask(fixture, &request);

    assert_refused(fixture, VT_OPENER_NOT_FOUND);
}

static void
test_missing_socket_is_not_found(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_OPEN, 0);
    (void)data;

    ask(fixture, &request);

    assert_refused(fixture, VT_OPENER_NOT_FOUND);
}

static void
test_other_uris_are_denied(Fixture *fixture, gconstpointer data)
{
    /* This one would have libvirt run a command, with the opener's privilege. */
    VtOpenerRequest request = make_request(fixture, VT_OPENER_OPEN, 0);
    (void)data;
    g_strlcpy(request.uri, "qemu+ext:///system?command=/bin/true", sizeof request.uri);

    ask(fixture, &request);

    assert_refused(fixture, VT_OPENER_DENIED);
}

static void
test_other_folders_are_denied(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_WAIT, 0);
    (void)data;
    fake_host_listen(&fixture->host, 0);
    vt_opener_free(fixture->opener);
    fixture->folders[0] = "/run/libvirt/qemu/channel";
    start(fixture, geteuid());

    ask(fixture, &request);

    assert_refused(fixture, VT_OPENER_DENIED);
}

/* The credentials are those of the moment of connecting. */
static VtFd
connect_as_stranger(Fixture *fixture)
{
    g_assert_cmpint(g_chmod(fixture->host.folder, 0755), ==, 0);
    g_assert_cmpint(g_chmod(fixture->socket_path, 0666), ==, 0);
    g_assert_cmpint(seteuid(STRANGER), ==, 0);
    VtFd fd = connect_to(fixture);
    g_assert_cmpint(seteuid(0), ==, 0);
    return fd;
}

static void
test_other_users_are_denied(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_listen(&fixture->host, 0);
    if (geteuid() == 0) {
        fixture->fd = connect_as_stranger(fixture);
    } else {
        vt_opener_free(fixture->opener);
        start(fixture, STRANGER);
        fixture->fd = connect_to(fixture);
    }

    fake_host_run_until(receive, fixture);

    assert_refused(fixture, VT_OPENER_DENIED);
}

static void
test_malformed_request_is_refused(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->fd = connect_to(fixture);
    g_assert_cmpint(send(fixture->fd, "x", 1, 0), ==, 1);

    fake_host_run_until(receive, fixture);

    assert_refused(fixture, VT_OPENER_INVALID);
}

static void
test_oversized_request_is_refused(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES + 1] = { 0 };
    (void)data;
    fixture->fd = connect_to(fixture);
    g_assert_cmpint(send(fixture->fd, bytes, sizeof bytes, 0), ==, sizeof bytes);

    fake_host_run_until(receive, fixture);

    assert_refused(fixture, VT_OPENER_INVALID);
}

static void
test_second_request_ends_the_first(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_WAIT, 0);
    uint64_t n_served;
    (void)data;
    send_request(fixture, &request);

    ask(fixture, &request);

    g_assert_cmpint(fixture->n_reply_bytes, ==, 0);
    g_assert_true(vt_opener_is_idle(fixture->opener, &n_served));
    g_assert_cmpuint(n_served, ==, 1);
}

static bool
is_busy(void *user_data)
{
    Fixture *fixture = user_data;
    uint64_t n_served;
    return !vt_opener_is_idle(fixture->opener, &n_served);
}

static bool
is_idle(void *user_data)
{
    return !is_busy(user_data);
}

static void
test_waits_until_the_socket_appears(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_WAIT, 0);
    (void)data;
    send_request(fixture, &request);
    fake_host_run_until(is_busy, fixture);
    g_assert_false(receive(fixture));

    fake_host_listen(&fixture->host, 0);
    fake_host_run_until(receive, fixture);

    assert_connected(fixture, 0);
}

static void
test_waits_no_longer_than_asked(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_WAIT, 0);
    (void)data;
    request.time_limit_ms = 1;

    ask(fixture, &request);

    assert_refused(fixture, VT_OPENER_TIMED_OUT);
}

static void
test_forgets_an_asker_that_left(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_WAIT, 0);
    (void)data;
    send_request(fixture, &request);
    fake_host_run_until(is_busy, fixture);

    vt_fd_close(&fixture->fd);

    fake_host_run_until(is_idle, fixture);
}

static void
test_listens_once(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;

    VtFd fd = vt_opener_socket_listen(fixture->socket_path, geteuid(), &error);

    g_assert_cmpint(fd, ==, VT_FD_NONE);
    g_assert_error(error, VT_ERROR, VT_ERROR_BUSY);
}

static void
test_replaces_a_dead_socket(Fixture *fixture, gconstpointer data)
{
    VtOpenerRequest request = make_request(fixture, VT_OPENER_OPEN, 0);
    (void)data;
    fake_host_listen(&fixture->host, 0);
    vt_opener_free(fixture->opener);

    start(fixture, geteuid());
    ask(fixture, &request);

    assert_connected(fixture, 0);
}

#define add(path, function) \
    g_test_add("/hostd/opener/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("hands-the-channel-over", test_hands_the_channel_over);
    add("unknown-domain-is-not-found", test_unknown_domain_is_not_found);
    add("missing-socket-is-not-found", test_missing_socket_is_not_found);
    add("other-uris-are-denied", test_other_uris_are_denied);
    add("other-folders-are-denied", test_other_folders_are_denied);
    add("other-users-are-denied", test_other_users_are_denied);
    add("malformed-request-is-refused", test_malformed_request_is_refused);
    add("oversized-request-is-refused", test_oversized_request_is_refused);
    add("second-request-ends-the-first", test_second_request_ends_the_first);
    add("waits-until-the-socket-appears", test_waits_until_the_socket_appears);
    add("waits-no-longer-than-asked", test_waits_no_longer_than_asked);
    add("forgets-an-asker-that-left", test_forgets_an_asker_that_left);
    add("listens-once", test_listens_once);
    add("replaces-a-dead-socket", test_replaces_a_dead_socket);
    return g_test_run();
}
