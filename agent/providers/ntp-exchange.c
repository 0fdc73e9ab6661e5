/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-exchange.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <glib-unix.h>

#include "os/fd.h"
#include "os/random.h"

/* One stamp, with room to spare. */
#define CONTROL_BYTES 128

/* A stamp further back is of another scale: the clock was set, or is not the kernel's. */
#define MOST_STAMP_AGE_NS (100 * VT_NS_PER_MS)

struct VtNtpExchange {
    VtNtpExchangeParams params;
    VtNtpExchangeFunc func;
    void *user_data;
    VtFd fd;
    GSource *readable;
    GSource *timer;
    VtNtpPacket request;
    VtInstant sent;
    int error_number; /* told when the timer fires */
};

static void
remove_source(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

void
vt_ntp_exchange_free(VtNtpExchange *exchange)
{
    if (exchange == NULL)
        return;
    remove_source(&exchange->readable);
    remove_source(&exchange->timer);
    vt_fd_close(&exchange->fd);
    g_free(exchange);
}

static void
fail(VtNtpExchange *exchange, int error_number)
{
    VtNtpExchangeResult result = { .error_number = error_number, .sent = exchange->sent };
    exchange->func(&result, exchange->user_data);
}

static gboolean
on_timer(gpointer user_data)
{
    VtNtpExchange *exchange = user_data;
    fail(exchange, exchange->error_number);
    return G_SOURCE_REMOVE;
}

static void
start_timer(VtNtpExchange *exchange, unsigned timeout_ms, int error_number)
{
    exchange->error_number = error_number;
    exchange->timer = g_timeout_source_new(timeout_ms);
    g_source_set_priority(exchange->timer, G_PRIORITY_HIGH);
    g_source_set_callback(exchange->timer, on_timer, exchange, NULL);
    g_source_attach(exchange->timer, g_main_context_get_thread_default());
}

static bool
take_stamp(struct msghdr *header, VtWall *ret_stamp)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
        *ret_stamp = vt_wall_from_timespec(&stamp);
        return true;
    }
    return false;
}

/* When a packet arrived that the kernel stamped with @stamp and that was read at @now; false
 * if that cannot be. */
static bool
find_arrival(const VtNtpExchange *exchange, VtWall stamp, VtInstant now, VtInstant *ret_at)
{
    VtNs age_ns = vt_wall_diff(now.wall, stamp);
    VtMono raw_at = vt_mono_add(now.raw, -age_ns);
    if (age_ns < 0 || age_ns > MOST_STAMP_AGE_NS ||
        vt_mono_diff(raw_at, exchange->sent.raw) < 0)
        return false;
    *ret_at = (VtInstant){ .wall = stamp, .raw = raw_at };
    return true;
}

static ssize_t
receive(VtNtpExchange *exchange, uint8_t *bytes, size_t n_bytes, VtNtpExchangeResult *result)
{
    union {
        struct cmsghdr alignment;
        uint8_t bytes[CONTROL_BYTES];
    } control;
    struct iovec vector = { .iov_base = bytes, .iov_len = n_bytes };
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    VtWall stamp;

    ssize_t n_received = recvmsg(exchange->fd, &header, MSG_DONTWAIT);
    VtInstant now = vt_clock_read(exchange->params.clock);
    result->received = now;
    result->is_received_by_kernel = n_received >= 0 && take_stamp(&header, &stamp) &&
                                    find_arrival(exchange, stamp, now, &result->received);
    return n_received;
}

static VtNtpCheck
check_packet(const VtNtpExchange *exchange,
             const uint8_t *bytes,
             size_t n_bytes,
             VtNtpPacket *ret_reply)
{
    if (!vt_ntp_packet_decode(bytes, n_bytes, ret_reply))
        return VT_NTP_CHECK_SHORT;
    return vt_ntp_packet_check_reply(ret_reply, &exchange->request);
}

/* A kiss has no time to check; that it answers this request is what it is believed for. */
static bool
is_answer(const VtNtpPacket *reply, VtNtpCheck check)
{
    return check == VT_NTP_CHECK_OK || (check > VT_NTP_CHECK_ORIGIN && reply->stratum == 0);
}

static uint32_t
get_own_address(int fd)
{
    struct sockaddr_storage address;
    socklen_t n_bytes = sizeof address;
    struct sockaddr_in inet;

    if (getsockname(fd, (struct sockaddr *)&address, &n_bytes) != 0 ||
        address.ss_family != AF_INET)
        return 0;
    memcpy(&inet, &address, sizeof inet);
    return ntohl(inet.sin_addr.s_addr);
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer user_data)
{
    VtNtpExchange *exchange = user_data;
    uint8_t bytes[VT_NTP_PACKET_BYTES];
    VtNtpExchangeResult result = { .is_answered = true, .sent = exchange->sent };
    (void)condition;

    ssize_t n_bytes = receive(exchange, bytes, sizeof bytes, &result);
    if (n_bytes < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return G_SOURCE_CONTINUE;
        fail(exchange, errno);
        return G_SOURCE_REMOVE;
    }
    VtNtpCheck check = check_packet(exchange, bytes, (size_t)n_bytes, &result.reply);
    exchange->params.n_by_check[check] += 1;
    if (!is_answer(&result.reply, check))
        return G_SOURCE_CONTINUE;
    result.own_address = get_own_address(fd);
    exchange->func(&result, exchange->user_data);
    return G_SOURCE_REMOVE;
}

static bool
open_socket(VtNtpExchange *exchange)
{
    struct sockaddr_storage address;
    GSocketAddress *wanted = exchange->params.address;
    gssize n_bytes = g_socket_address_get_native_size(wanted);
    int on = 1;

    if (!g_socket_address_to_native(wanted, &address, sizeof address, NULL)) {
        errno = EINVAL;
        return false;
    }
    exchange->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange->fd < 0)
        return false;
    /* Without it the time is read when the packet is: later, but no less true. */
    (void)setsockopt(exchange->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    return connect(exchange->fd, (const struct sockaddr *)&address, (socklen_t)n_bytes) == 0;
}

static bool
send_request(VtNtpExchange *exchange)
{
    uint8_t bytes[VT_NTP_PACKET_BYTES];

    /* All else is zero: a request tells nothing of the machine that it comes from. */
    exchange->request = (VtNtpPacket){
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .transmit = vt_random_nonce(),
    };
    vt_ntp_packet_encode(&exchange->request, bytes);
    exchange->sent = vt_clock_read(exchange->params.clock);
    return send(exchange->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

VtNtpExchange *
vt_ntp_exchange_begin(const VtNtpExchangeParams *params,
                      VtNtpExchangeFunc func,
                      void *user_data)
{
    VtNtpExchange *exchange = g_new0(VtNtpExchange, 1);
    exchange->params = *params;
    exchange->func = func;
    exchange->user_data = user_data;
    exchange->fd = VT_FD_NONE;
    if (!open_socket(exchange) || !send_request(exchange)) {
        /* Told from the main loop, as everything is. */
        start_timer(exchange, 0, errno);
        return exchange;
    }
    exchange->readable = g_unix_fd_source_new(exchange->fd, G_IO_IN | G_IO_ERR | G_IO_HUP);
    g_source_set_priority(exchange->readable, G_PRIORITY_HIGH);
    g_source_set_callback(exchange->readable, G_SOURCE_FUNC(on_readable), exchange, NULL);
    g_source_attach(exchange->readable, g_main_context_get_thread_default());
    start_timer(exchange, params->timeout_ms, ETIMEDOUT);
    return exchange;
}
