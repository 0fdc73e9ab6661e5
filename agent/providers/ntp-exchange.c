/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-exchange.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>

#include "agent/providers/ntp-reference-id.h"
#include "agent/providers/ntp-stamps.h"
#include "os/random.h"
#include "os/socket.h"
#include "proto/byte-writer.h"
#include "proto/ntp-tail.h"

/* Header and code; and of replies, what extension fields may take. */
#define MOST_REQUEST_BYTES (VT_NTP_PACKET_BYTES + VT_NTP_KEY_ID_BYTES + VT_NTP_CMAC_BYTES)
#define MOST_BYTES         1024

struct VtNtpExchange {
    VtNtpExchangeParams params;
    VtNtpExchangeFunc func;
    void *user_data;
    VtFd fd;
    GSource *readable;
    GSource *timer;
    VtNtpPacket request;
    VtInstant sent;
    bool has_sent_stamp;
    VtWall sent_stamp;
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

/* The stamp of an arrival is before the reading of it, and after the request left. */
static void
place_arrival(const VtNtpExchange *exchange, VtWall stamp, VtNtpExchangeResult *result)
{
    VtInstant at;
    if (!vt_ntp_stamps_place(stamp, result->received, &at) ||
        vt_mono_diff(at.raw, result->received.raw) > 0 ||
        vt_mono_diff(at.raw, exchange->sent.raw) < 0)
        return;
    result->received = at;
    result->is_received_by_kernel = true;
}

/* That of the departure is after the last reading before it, and before the arrival. */
static void
place_departure(const VtNtpExchange *exchange, VtNtpExchangeResult *result)
{
    VtInstant at;
    if (!exchange->has_sent_stamp ||
        !vt_ntp_stamps_place(exchange->sent_stamp, exchange->sent, &at) ||
        vt_mono_diff(at.raw, exchange->sent.raw) < 0 ||
        vt_mono_diff(result->received.raw, at.raw) < 0)
        return;
    result->sent = at;
    result->is_sent_by_kernel = true;
}

static ssize_t
receive(VtNtpExchange *exchange, uint8_t *bytes, size_t n_bytes, VtNtpExchangeResult *result)
{
    VtWall stamp;
    bool has_stamp;

    ssize_t n_received =
        vt_ntp_stamps_receive(exchange->fd, bytes, n_bytes, &stamp, &has_stamp);
    int error_number = errno;
    result->received = vt_clock_read(exchange->params.clock);
    if (has_stamp)
        place_arrival(exchange, stamp, result);
    if (vt_ntp_stamps_take_sent(exchange->fd, &stamp)) {
        exchange->has_sent_stamp = true;
        exchange->sent_stamp = stamp;
    }
    if (n_received >= 0)
        place_departure(exchange, result);
    errno = error_number;
    return n_received;
}

/* With a key, nothing is believed that it did not sign. */
static bool
is_authentic(const VtNtpExchange *exchange,
             const uint8_t *bytes,
             size_t n_bytes,
             const VtNtpPacket *reply)
{
    uint8_t mac[VT_NTP_CMAC_BYTES];
    const VtNtpExchangeParams *params = &exchange->params;
    if (params->keys == NULL)
        return true;
    VtNtpTail tail = vt_ntp_tail_parse(reply->version, bytes, n_bytes);
    if (tail.kind != VT_NTP_TAIL_MAC || tail.key_id != params->key_id ||
        tail.n_mac_bytes != VT_NTP_CMAC_BYTES ||
        !vt_ntp_keys_sign(params->keys, params->key_id, bytes, tail.n_signed_bytes, mac))
        return false;
    return vt_ntp_keys_is_same_mac(mac, bytes + tail.n_signed_bytes + VT_NTP_KEY_ID_BYTES);
}

static VtNtpCheck
check_packet(const VtNtpExchange *exchange,
             const uint8_t *bytes,
             size_t n_bytes,
             VtNtpExchangeResult *result)
{
    VtNtpPacket *reply = &result->reply;
    if (!vt_ntp_packet_decode(bytes, n_bytes, reply))
        return VT_NTP_CHECK_SHORT;
    if (!is_authentic(exchange, bytes, n_bytes, reply))
        return VT_NTP_CHECK_CODE;
    result->is_interleaved =
        vt_ntp_residence_take(exchange->params.residence, &exchange->request, reply);
    return vt_ntp_packet_check_reply(reply, &exchange->request);
}

/* That it answers this request is what it is believed for, be it good or not. */
static bool
is_answer(VtNtpCheck check)
{
    switch (check) {
    case VT_NTP_CHECK_OK:
    case VT_NTP_CHECK_ZERO:
    case VT_NTP_CHECK_DISTANCE:
    case VT_NTP_CHECK_ORDER:
        return true;
    case VT_NTP_CHECK_SHORT:
    case VT_NTP_CHECK_VERSION:
    case VT_NTP_CHECK_MODE:
    case VT_NTP_CHECK_ORIGIN:
    case VT_NTP_CHECK_CODE:
    case VT_NTP_N_CHECKS:
        break;
    }
    return false;
}

static uint32_t
get_own_address(int fd)
{
    struct sockaddr_storage address;
    socklen_t n_bytes = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &n_bytes) != 0)
        return 0;
    return vt_ntp_reference_id_of((const struct sockaddr *)&address);
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer user_data)
{
    VtNtpExchange *exchange = user_data;
    uint8_t bytes[MOST_BYTES];
    VtNtpExchangeResult result = { .is_answered = true, .sent = exchange->sent };
    (void)condition;

    ssize_t n_bytes = receive(exchange, bytes, sizeof bytes, &result);
    if (n_bytes < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return G_SOURCE_CONTINUE;
        fail(exchange, errno);
        return G_SOURCE_REMOVE;
    }
    VtNtpCheck check = check_packet(exchange, bytes, (size_t)n_bytes, &result);
    exchange->params.n_by_check[check] += 1;
    if (!is_answer(check))
        return G_SOURCE_CONTINUE;
    result.check = check;
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

    if (!g_socket_address_to_native(wanted, &address, sizeof address, NULL)) {
        errno = EINVAL;
        return false;
    }
    exchange->fd = vt_socket_open(address.ss_family);
    if (exchange->fd < 0)
        return false;
    vt_ntp_stamps_enable(exchange->fd);
    return connect(exchange->fd, (const struct sockaddr *)&address, (socklen_t)n_bytes) == 0;
}

/* How many bytes it has become; 0: there is no such key. */
static size_t
write_request(VtNtpExchange *exchange, uint8_t bytes[MOST_REQUEST_BYTES])
{
    const VtNtpExchangeParams *params = &exchange->params;
    VtByteWriter writer;
    uint8_t *tail = bytes + VT_NTP_PACKET_BYTES;

    vt_ntp_packet_encode(&exchange->request, bytes);
    if (params->keys == NULL)
        return VT_NTP_PACKET_BYTES;
    vt_byte_writer_init(&writer, tail, VT_NTP_KEY_ID_BYTES);
    vt_byte_writer_put_be32(&writer, params->key_id);
    if (!vt_ntp_keys_sign(params->keys, params->key_id, bytes, VT_NTP_PACKET_BYTES,
                          tail + VT_NTP_KEY_ID_BYTES))
        return 0;
    return MOST_REQUEST_BYTES;
}

static bool
send_request(VtNtpExchange *exchange)
{
    uint8_t bytes[MOST_REQUEST_BYTES];

    /* All else is zero: a request tells nothing of the machine that it comes from. */
    exchange->request = (VtNtpPacket){
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .poll_log2_sec = (int8_t)exchange->params.poll_log2_sec,
        .transmit = vt_random_nonce(),
    };
    vt_ntp_residence_ask(exchange->params.residence, &exchange->request, vt_random_nonce());
    size_t n_bytes = write_request(exchange, bytes);
    if (n_bytes == 0) {
        errno = ENOKEY;
        return false;
    }
    exchange->sent = vt_clock_read(exchange->params.clock);
    return send(exchange->fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
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
    /*
     * The stamp of the departure comes first. To the kernel it is an error, and something urgent
     * as well where that was asked for, as it is in simulators of networks.
     */
    exchange->readable =
        g_unix_fd_source_new(exchange->fd, G_IO_IN | G_IO_PRI | G_IO_ERR | G_IO_HUP);
    g_source_set_priority(exchange->readable, G_PRIORITY_HIGH);
    g_source_set_callback(exchange->readable, G_SOURCE_FUNC(on_readable), exchange, NULL);
    g_source_attach(exchange->readable, g_main_context_get_thread_default());
    start_timer(exchange, params->timeout_ms, ETIMEDOUT);
    return exchange;
}
