/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Against the real opener, whose domains are those of libvirt's test driver. */
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "hostd/channel-request.h"
#include "hostd/domain-watch.h"
#include "hostd/opener-socket.h"
#include "hostd/opener.h"
#include "tests/hostd/fake-channel.h"

typedef struct {
    FakeHost host;
    char *uuid;
    char *path;
    char *opener_path;
    VtOpener *opener;
    VtChannelRequest *request;
    bool is_done;
    VtFd fd;
    GError *error;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_init(&fixture->host, 1);
    fixture->uuid = fake_host_dup_uuid(0);
    fixture->path = fake_host_dup_path(&fixture->host, 0);
    fixture->opener_path = g_build_filename(fixture->host.folder, "opener", NULL);
    fixture->fd = VT_FD_NONE;

    const char *uris[] = { fixture->host.uri, NULL };
    const char *folders[] = { fixture->host.channel_folder, NULL };
    VtOpenerParams params = { .caller = geteuid(), .uris = uris, .folders = folders };
    params.listen_fd = vt_opener_socket_listen(fixture->opener_path, geteuid(), NULL);
    g_assert_cmpint(params.listen_fd, >=, 0);
    fixture->opener = vt_opener_new(&params);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_channel_request_free(fixture->request);
    vt_opener_free(fixture->opener);
    vt_fd_close(&fixture->fd);
    (void)g_unlink(fixture->opener_path);
    fake_host_clear(&fixture->host);
    g_free(fixture->uuid);
    g_free(fixture->path);
    g_free(fixture->opener_path);
    g_clear_error(&fixture->error);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
on_channel(VtFd fd, const GError *error, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_false(fixture->is_done);
    fixture->is_done = true;
    fixture->fd = fd;
    fixture->error = error != NULL ? g_error_copy(error) : NULL;
    g_clear_pointer(&fixture->request, vt_channel_request_free);
}

static bool
is_done(void *user_data)
{
    Fixture *fixture = user_data;
    return fixture->is_done;
}

/* As an asker that may not connect by itself. */
static VtChannelQuestion
ask_opener(Fixture *fixture)
{
    return (VtChannelQuestion){
        .opener_path = fixture->opener_path,
        .uri = fixture->host.uri,
        .uuid = fixture->uuid,
        .kind = VT_OPENER_OPEN,
    };
}

static void
begin(Fixture *fixture, const VtChannelQuestion *question)
{
    fixture->request = vt_channel_request_new(question, on_channel, fixture);
    g_assert_false(fixture->is_done);
}

static void
assert_connected(Fixture *fixture)
{
    char byte = 0;
    g_assert_no_error(fixture->error);
    g_auto(VtFd) guest_fd = fake_host_accept(&fixture->host, 0);
    g_assert_cmpint(write(guest_fd, "x", 1), ==, 1);
    g_assert_cmpint(read(fixture->fd, &byte, 1), ==, 1);
}

static bool
has_been_asked(Fixture *fixture)
{
    uint64_t n_served;
    (void)vt_opener_is_idle(fixture->opener, &n_served);
    return n_served > 0;
}

static void
test_connects_directly_where_it_may(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    fake_host_listen(&fixture->host, 0);
    question.path = fixture->path;

    begin(fixture, &question);
    fake_host_run_until(is_done, fixture);

    assert_connected(fixture);
    g_assert_false(has_been_asked(fixture));
}

static void
test_missing_socket_is_no_matter_for_the_opener(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    question.path = fixture->path;

    begin(fixture, &question);
    fake_host_run_until(is_done, fixture);

    g_assert_error(fixture->error, VT_ERROR, VT_ERROR_NOT_FOUND);
    g_assert_false(has_been_asked(fixture));
}

static void
test_gets_the_channel_from_the_opener(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    fake_host_listen(&fixture->host, 0);

    begin(fixture, &question);
    fake_host_run_until(is_done, fixture);

    assert_connected(fixture);
    g_assert_true(has_been_asked(fixture));
}

static void
test_asks_the_opener_without_permission(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    if (geteuid() != 0) {
        g_test_skip("only root can take its own permission away and get it back");
        return;
    }
    fake_host_listen(&fixture->host, 0);
    question.path = fixture->path;
    g_assert_cmpint(g_chmod(fixture->host.folder, 0711), ==, 0);
    g_assert_cmpint(g_chmod(fixture->host.channel_folder, 0700), ==, 0);
    g_assert_cmpint(g_chmod(fixture->opener_path, 0666), ==, 0);

    g_assert_cmpint(seteuid(65534), ==, 0);
    begin(fixture, &question);
    g_assert_cmpint(seteuid(0), ==, 0);
    fake_host_run_until(is_done, fixture);

    /* This user is not the one that may ask; but asked it has. */
    g_assert_error(fixture->error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_true(has_been_asked(fixture));
}

static void
test_opener_that_waits(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    question.kind = VT_OPENER_WAIT;
    question.time_limit_ms = 60000;
    begin(fixture, &question);
    while (!has_been_asked(fixture))
        g_main_context_iteration(NULL, TRUE);

    fake_host_listen(&fixture->host, 0);
    fake_host_run_until(is_done, fixture);

    assert_connected(fixture);
}

static void
test_tells_what_the_opener_says(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    question.uri = "qemu:///elsewhere";

    begin(fixture, &question);
    fake_host_run_until(is_done, fixture);

    g_assert_error(fixture->error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_nonnull(strstr(fixture->error->message, "settings do not name"));
    g_assert_cmpint(fixture->fd, ==, VT_FD_NONE);
}

static void
test_missing_opener_is_a_want_of_permission(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    question.opener_path = "/nonexistent/opener";

    begin(fixture, &question);
    fake_host_run_until(is_done, fixture);

    g_assert_error(fixture->error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_nonnull(strstr(fixture->error->message, "'/nonexistent/opener'"));
}

static void
test_opener_that_hangs_up(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    begin(fixture, &question);

    g_clear_pointer(&fixture->opener, vt_opener_free);
    fake_host_run_until(is_done, fixture);

    g_assert_nonnull(fixture->error);
    g_assert_cmpint(fixture->fd, ==, VT_FD_NONE);
}

static void
test_freed_request_tells_nothing(Fixture *fixture, gconstpointer data)
{
    VtChannelQuestion question = ask_opener(fixture);
    (void)data;
    question.path = fixture->path;
    begin(fixture, &question);

    g_clear_pointer(&fixture->request, vt_channel_request_free);
    while (g_main_context_iteration(NULL, FALSE))
        continue;

    g_assert_false(fixture->is_done);
}

#define add(path, function) \
    g_test_add("/hostd/channel-request/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    add("connects-directly-where-it-may", test_connects_directly_where_it_may);
    add("missing-socket-is-no-matter-for-the-opener",
        test_missing_socket_is_no_matter_for_the_opener);
    add("gets-the-channel-from-the-opener", test_gets_the_channel_from_the_opener);
    add("asks-the-opener-without-permission", test_asks_the_opener_without_permission);
    add("opener-that-waits", test_opener_that_waits);
    add("tells-what-the-opener-says", test_tells_what_the_opener_says);
    add("missing-opener-is-a-want-of-permission", test_missing_opener_is_a_want_of_permission);
    add("opener-that-hangs-up", test_opener_that_hangs_up);
    add("freed-request-tells-nothing", test_freed_request_tells_nothing);
    return g_test_run();
}
