/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-channel.h"

#include "hostd/link-limit.h"

/* The opener is asked anew when this is over. */
#define AWAIT_MS (3600 * 1000)

struct VtGuestChannel {
    VtChannels *channels;
    const char *uuid;
    const char *shown_name;
    const VtGuestChannelListener *listener;
    void *user_data;
    VtChannelRequest *request; /* NULL: nobody is connecting */
    bool is_awaiting;          /* the request is for a socket that is not there yet */
    char *path;                /* of the last attempt; NULL: none */
    char *problem;             /* of the last attempt; NULL: none */
    bool is_kept;              /* there is a connection, and the service manager knows of it */
    VtNs cut_off_wait_ns;      /* 0: never cut off, or well-behaved since */
    VtMono connect_after;
};

VtGuestChannel *
vt_guest_channel_new(VtChannels *channels,
                     const char *uuid,
                     const char *shown_name,
                     const VtGuestChannelListener *listener,
                     void *user_data)
{
    VtGuestChannel *channel = g_new0(VtGuestChannel, 1);
    channel->channels = channels;
    channel->uuid = uuid;
    channel->shown_name = shown_name;
    channel->listener = listener;
    channel->user_data = user_data;
    return channel;
}

void
vt_guest_channel_free(VtGuestChannel *channel)
{
    if (channel == NULL)
        return;
    vt_channel_request_free(channel->request);
    g_free(channel->path);
    g_free(channel->problem);
    g_free(channel);
}

static void
connected(VtGuestChannel *channel, VtFd fd, bool was_kept)
{
    g_clear_pointer(&channel->problem, g_free);
    channel->is_kept = true;
    channel->listener->on_connected(fd, was_kept, channel->user_data);
}

static void
failed(VtGuestChannel *channel, const GError *error)
{
    if (g_strcmp0(channel->problem, error->message) != 0) {
        g_free(channel->problem);
        channel->problem = g_strdup(error->message);
        g_warning("'%s': %s; trying again each second", channel->shown_name, error->message);
    }
    channel->listener->on_failed(error, channel->user_data);
}

static void
on_channel(VtFd fd, const GError *error, void *user_data)
{
    VtGuestChannel *channel = user_data;

    bool was_awaiting = channel->is_awaiting;
    channel->is_awaiting = false;
    g_clear_pointer(&channel->request, vt_channel_request_free);
    if (error != NULL && was_awaiting) {
        /* It was no use, and does no harm: the guest's start will be told by libvirt, too. */
        g_debug("'%s' is not awaited: %s", channel->shown_name, error->message);
        channel->listener->on_failed(error, channel->user_data);
        return;
    }
    if (error != NULL) {
        failed(channel, error);
        return;
    }
    vt_channels_keep(channel->channels, channel->uuid, fd);
    connected(channel, fd, false);
}

void
vt_guest_channel_connect(VtGuestChannel *channel, const char *path)
{
    if (channel->request != NULL)
        return;
    if (g_strcmp0(channel->path, path) != 0) {
        g_free(channel->path);
        channel->path = g_strdup(path);
    }
    VtFd kept_fd = vt_channels_take_back(channel->channels, channel->uuid);
    if (kept_fd != VT_FD_NONE)
        connected(channel, kept_fd, true);
    else
        channel->request =
            vt_channels_connect(channel->channels, channel->uuid, path, on_channel, channel);
}

bool
vt_guest_channel_await(VtGuestChannel *channel)
{
    vt_guest_channel_close(channel);
    channel->request =
        vt_channels_await(channel->channels, channel->uuid, AWAIT_MS, on_channel, channel);
    channel->is_awaiting = channel->request != NULL;
    return channel->is_awaiting;
}

void
vt_guest_channel_reconnect(VtGuestChannel *channel)
{
    vt_guest_channel_close(channel);
    if (channel->path != NULL)
        vt_guest_channel_connect(channel, channel->path);
}

void
vt_guest_channel_close(VtGuestChannel *channel)
{
    g_clear_pointer(&channel->request, vt_channel_request_free);
    channel->is_awaiting = false;
    if (channel->is_kept)
        vt_channels_forget(channel->channels, channel->uuid);
    channel->is_kept = false;
}

void
vt_guest_channel_cut_off(VtGuestChannel *channel, VtMono now)
{
    channel->cut_off_wait_ns = vt_link_limit_next_wait(channel->cut_off_wait_ns);
    channel->connect_after = vt_mono_add(now, channel->cut_off_wait_ns);
    g_autofree char *wait = vt_ns_format_span(channel->cut_off_wait_ns);
    g_warning("'%s' sends too much; its link is closed for %s", channel->shown_name, wait);
}

void
vt_guest_channel_pardon(VtGuestChannel *channel)
{
    channel->connect_after = (VtMono){ 0 };
}

void
vt_guest_channel_note_up(VtGuestChannel *channel, VtMono now)
{
    VtNs since_ns = vt_mono_diff(now, channel->connect_after);
    if (since_ns > vt_ns_max(channel->cut_off_wait_ns, VT_LINK_LIMIT_LAST_WAIT_NS))
        channel->cut_off_wait_ns = 0;
}

bool
vt_guest_channel_may_connect(const VtGuestChannel *channel, VtMono now)
{
    return vt_mono_diff(now, channel->connect_after) >= 0;
}
