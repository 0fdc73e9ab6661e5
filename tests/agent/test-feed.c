/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "agent/feed.h"
#include "os/fd.h"
#include "proto/chrony-sock.h"

typedef struct {
    char *folder;
    char *path;
    VtFd chronyd;
    VtFeed *feed;
} Fixture;

static const VtReading good_reading = { .reference_synchronised = true };
static const VtPipelineStatus good_status = { .state = VT_STATE_ASSIST,
                                              .has_reference = true,
                                              .offset_ns = 1500 * VT_NS_PER_US };
static const VtWall now = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

static void
start_chronyd(Fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    (void)g_unlink(fixture->path);
    fixture->chronyd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fixture->chronyd, (struct sockaddr *)&address, sizeof address), ==, 0);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "feed.sock", NULL);
    fixture->chronyd = VT_FD_NONE;
    fixture->feed = vt_feed_new(fixture->path);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_feed_free(fixture->feed);
    vt_fd_close(&fixture->chronyd);
    (void)g_unlink(fixture->path);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void
test_chronyd_gets_the_offset(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_CHRONY_SAMPLE_BYTES + 1];
    double offset_sec = 0;
    (void)data;
    g_assert_false(vt_feed_is_wanted(fixture->path));
    start_chronyd(fixture);
    g_assert_true(vt_feed_is_wanted(fixture->path));

    g_assert_true(vt_feed_give(fixture->feed, &good_reading, &good_status, now));

    g_assert_cmpint(recv(fixture->chronyd, bytes, sizeof bytes, 0), ==, VT_CHRONY_SAMPLE_BYTES);
    memcpy(&offset_sec, bytes + 16, sizeof offset_sec);
    g_assert_cmpfloat(offset_sec, ==, 0.0015);
    g_assert_cmpuint(vt_feed_count(fixture->feed), ==, 1);
}

static void
test_chronyd_that_comes_again_is_found(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_false(vt_feed_give(fixture->feed, &good_reading, &good_status, now));
    for (int i = 0; i < 2; i++) {
        start_chronyd(fixture);
        g_assert_true(vt_feed_give(fixture->feed, &good_reading, &good_status, now));
        vt_fd_close(&fixture->chronyd);
        g_assert_false(vt_feed_give(fixture->feed, &good_reading, &good_status, now));
    }
}

static void
test_what_is_doubtful_is_kept_back(Fixture *fixture, gconstpointer data)
{
    VtReading host_unsynchronised = good_reading;
    VtPipelineStatus disrupted = good_status;
    VtPipelineStatus doubtful = good_status;
    VtPipelineStatus silent = good_status;
    (void)data;
    start_chronyd(fixture);
    host_unsynchronised.reference_synchronised = false;
    disrupted.state = VT_STATE_DISRUPTED;
    doubtful.is_doubtful = true;
    silent.has_reference = false;

    g_assert_false(vt_feed_give(fixture->feed, &host_unsynchronised, &good_status, now));
    g_assert_false(vt_feed_give(fixture->feed, &good_reading, &disrupted, now));
    g_assert_false(vt_feed_give(fixture->feed, &good_reading, &doubtful, now));
    g_assert_false(vt_feed_give(fixture->feed, &good_reading, &silent, now));

    g_assert_cmpuint(vt_feed_count(fixture->feed), ==, 0);
}

static void
test_what_is_no_socket_is_no_wish(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(g_file_set_contents(fixture->path, "", -1, NULL));

    g_assert_false(vt_feed_is_wanted(fixture->path));
    g_assert_false(vt_feed_is_wanted(NULL));
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/feed/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("chronyd-gets-the-offset", test_chronyd_gets_the_offset);
    add("chronyd-that-comes-again-is-found", test_chronyd_that_comes_again_is_found);
    add("what-is-doubtful-is-kept-back", test_what_is_doubtful_is_kept_back);
    add("what-is-no-socket-is-no-wish", test_what_is_no_socket_is_no_wish);
    return g_test_run();
}
