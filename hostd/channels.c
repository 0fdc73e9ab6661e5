/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/channels.h"

#include "os/notify.h"

/* Of a descriptor in the service manager's store; the UUID follows. */
#define NAME_PREFIX "guest-"

struct VtChannels {
    char *uri;
    char *opener_path;
    GHashTable *kept; /* UUID -> VtFd, from before the restart; both owned */
};

static void
kept_free(gpointer data)
{
    VtFd *fd = data;
    vt_fd_close(fd);
    g_free(fd);
}

static void
take_all(VtChannels *channels, VtPassedFds *passed)
{
    for (;;) {
        char *uuid = NULL;
        VtFd fd = vt_passed_fds_steal(passed, NAME_PREFIX, &uuid);
        if (fd == VT_FD_NONE)
            return;
        VtFd *kept = g_new(VtFd, 1);
        *kept = fd;
        /* The manager lists the oldest first: of two with one name the later one counts. */
        g_hash_table_replace(channels->kept, uuid, kept);
    }
}

VtChannels *
vt_channels_new(const VtChannelsParams *params)
{
    VtChannels *channels = g_new0(VtChannels, 1);
    channels->uri = g_strdup(params->uri);
    channels->opener_path = g_strdup(params->opener_path);
    channels->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
    if (params->passed != NULL)
        take_all(channels, params->passed);
    guint n_kept = g_hash_table_size(channels->kept);
    if (n_kept > 0)
        g_info("links of an earlier start: %u", n_kept);
    return channels;
}

void
vt_channels_free(VtChannels *channels)
{
    if (channels == NULL)
        return;
    g_hash_table_unref(channels->kept);
    g_free(channels->uri);
    g_free(channels->opener_path);
    g_free(channels);
}

VtFd
vt_channels_take_back(VtChannels *channels, const char *uuid)
{
    VtFd *kept = g_hash_table_lookup(channels->kept, uuid);
    if (kept == NULL)
        return VT_FD_NONE;
    VtFd fd = vt_fd_steal(kept);
    g_hash_table_remove(channels->kept, uuid);
    return fd;
}

VtChannelRequest *
vt_channels_connect(VtChannels *channels,
                    const char *uuid,
                    const char *path,
                    VtChannelFunc func,
                    void *user_data)
{
    VtChannelQuestion question = {
        .path = path,
        .opener_path = channels->opener_path,
        .uri = channels->uri,
        .uuid = uuid,
        .kind = VT_OPENER_OPEN,
    };
    return vt_channel_request_new(&question, func, user_data);
}

VtChannelRequest *
vt_channels_await(VtChannels *channels,
                  const char *uuid,
                  uint32_t time_limit_ms,
                  VtChannelFunc func,
                  void *user_data)
{
    VtChannelQuestion question = {
        .opener_path = channels->opener_path,
        .uri = channels->uri,
        .uuid = uuid,
        .kind = VT_OPENER_WAIT,
        .time_limit_ms = time_limit_ms,
    };
    if (channels->opener_path == NULL)
        return NULL;
    return vt_channel_request_new(&question, func, user_data);
}

void
vt_channels_keep(VtChannels *channels, const char *uuid, int fd)
{
    g_autofree char *name = g_strconcat(NAME_PREFIX, uuid, NULL);
    (void)channels;
    if (!vt_notify_store_fd(name, fd))
        g_debug("'%s': the link will not outlive this process", uuid);
}

void
vt_channels_forget(VtChannels *channels, const char *uuid)
{
    g_autofree char *name = g_strconcat(NAME_PREFIX, uuid, NULL);
    (void)channels;
    vt_notify_remove_fd(name);
}
