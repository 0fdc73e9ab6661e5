/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/feed.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <glib.h>

#include "os/fd.h"
#include "proto/chrony-sock.h"

struct VtFeed {
    char *path;
    VtFd fd; /* connected; VT_FD_NONE: chronyd was not there */
    uint64_t n_taken;
};

VtFeed *
vt_feed_new(const char *path)
{
    VtFeed *feed = g_new0(VtFeed, 1);
    feed->path = g_strdup(path);
    feed->fd = VT_FD_NONE;
    return feed;
}

void
vt_feed_free(VtFeed *feed)
{
    if (feed == NULL)
        return;
    vt_fd_close(&feed->fd);
    g_free(feed->path);
    g_free(feed);
}

bool
vt_feed_is_wanted(const char *path)
{
    struct stat status;
    return path != NULL && stat(path, &status) == 0 && S_ISSOCK(status.st_mode) &&
           access(path, W_OK) == 0;
}

static bool
is_connected(VtFeed *feed)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (feed->fd >= 0)
        return true;
    g_strlcpy(address.sun_path, feed->path, sizeof address.sun_path);
    feed->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (feed->fd >= 0 &&
        connect(feed->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    vt_fd_close(&feed->fd);
    return false;
}

/* A chronyd that was started again has another socket at the same place. */
static bool
send_sample(VtFeed *feed, const uint8_t *bytes, size_t n_bytes)
{
    for (int try = 0; try < 2 && is_connected(feed); try++) {
        if (send(feed->fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
            return true;
        vt_fd_close(&feed->fd);
    }
    return false;
}

bool
vt_feed_give(VtFeed *feed,
             const VtReading *reading,
             const VtPipelineStatus *status,
             VtWall wall_now)
{
    uint8_t bytes[VT_CHRONY_SAMPLE_BYTES];
    bool is_good = status->has_reference && !status->is_doubtful &&
                   reading->reference_synchronised && status->state == VT_STATE_ASSIST;
    if (!is_good || reading->leap > VT_CHRONY_LEAP_DELETE)
        return false;
    vt_chrony_sample_encode(wall_now, status->offset_ns, (VtChronyLeap)reading->leap, bytes);
    if (!send_sample(feed, bytes, sizeof bytes))
        return false;
    feed->n_taken++;
    return true;
}

uint64_t
vt_feed_count(const VtFeed *feed)
{
    return feed->n_taken;
}
