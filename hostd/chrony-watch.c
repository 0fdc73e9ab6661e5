/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/chrony-watch.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <glib-unix.h>

#include "os/chrony-socket.h"
#include "os/random.h"

#define STALE_AFTER_NS (5 * VT_NS_PER_SEC)
/* What chronyd may say in reply; longer ones are cut, and then malformed. */
#define MOST_BYTES 512

const VtChronyPlaces vt_chrony_places = {
    .socket_path = VT_CHRONY_SOCKET_PATH,
    .port = 323,
};

struct VtChronyWatch {
    char *socket_path;
    uint16_t port;
    VtClock *clock;
    VtChronySocket chrony; /* without a path of its own: UDP */
    guint source_id;
    uint32_t sequence;
    bool is_asked; /* and not answered */
    bool is_known;
    VtMono told_at;
    VtChronyTracking tracking;
};

static void
hang_up(VtChronyWatch *watch)
{
    g_clear_handle_id(&watch->source_id, g_source_remove);
    vt_chrony_socket_close(&watch->chrony);
    watch->is_asked = false;
}

static bool
connect_local(VtChronyWatch *watch)
{
    return vt_chrony_socket_open(&watch->chrony, watch->socket_path, "virt-time-hostd", NULL);
}

static bool
connect_udp(VtChronyWatch *watch)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(watch->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (watch->port == 0)
        return false;
    watch->chrony.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return watch->chrony.fd >= 0 &&
           connect(watch->chrony.fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtChronyWatch *watch = user_data;
    uint8_t bytes[MOST_BYTES];
    VtChronyTracking tracking;
    (void)condition;

    ssize_t n_bytes = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n_bytes < 0) {
        /* Nobody is there any more; the next second tries anew. */
        watch->source_id = 0;
        hang_up(watch);
        return G_SOURCE_REMOVE;
    }
    if (watch->is_asked &&
        vt_chrony_decode_tracking_reply(bytes, (size_t)n_bytes, watch->sequence, &tracking) ==
            VT_CHRONY_REPLY_OK) {
        watch->is_asked = false;
        watch->is_known = true;
        watch->told_at = vt_clock_read_boot(watch->clock);
        watch->tracking = tracking;
    }
    return G_SOURCE_CONTINUE;
}

VtChronyWatch *
vt_chrony_watch_new(const VtChronyPlaces *places, VtClock *clock)
{
    VtChronyWatch *watch = g_new0(VtChronyWatch, 1);
    watch->socket_path = g_strdup(places->socket_path);
    watch->port = places->port;
    watch->clock = clock;
    watch->chrony = VT_CHRONY_SOCKET_CLOSED;
    return watch;
}

void
vt_chrony_watch_free(VtChronyWatch *watch)
{
    if (watch == NULL)
        return;
    hang_up(watch);
    g_free(watch->socket_path);
    g_free(watch);
}

static bool
is_connected(VtChronyWatch *watch)
{
    /* A question that stayed without an answer: chronyd ended, or began anew on another socket. */
    if (watch->is_asked)
        hang_up(watch);
    if (watch->chrony.fd >= 0)
        return true;
    if (connect_local(watch))
        return true;
    hang_up(watch);
    return connect_udp(watch);
}

void
vt_chrony_watch_ask(VtChronyWatch *watch)
{
    uint8_t bytes[VT_CHRONY_TRACKING_BYTES];

    if (!is_connected(watch)) {
        hang_up(watch);
        return;
    }
    if (watch->source_id == 0)
        watch->source_id = g_unix_fd_add(watch->chrony.fd, G_IO_IN, on_readable, watch);
    watch->sequence = (uint32_t)vt_random_nonce();
    vt_chrony_encode_tracking_request(watch->sequence, bytes);
    if (send(watch->chrony.fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        hang_up(watch);
    else
        watch->is_asked = true;
}

bool
vt_chrony_watch_get(VtChronyWatch *watch, VtChronyTracking *ret_tracking)
{
    VtNs age_ns = vt_mono_diff(vt_clock_read_boot(watch->clock), watch->told_at);
    if (!watch->is_known || age_ns > STALE_AFTER_NS)
        return false;
    *ret_tracking = watch->tracking;
    return true;
}
