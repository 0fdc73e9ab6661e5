/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks an NTP server as fast as it answers (closed loop: so many requests are always under way)
 * or so often a second (open loop), from one address or many. Each reply is checked against its
 * request. Prints one line of JSON: what was sent and came back, how long that took, and by how
 * much the server's receive and transmit stamps were off, both clocks being the same.
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <gio/gio.h>

#include "base/units.h"
#include "hostd/ntp-address.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/random.h"
#include "proto/ntp-packet.h"

#define BATCH         32
#define N_SLOTS       65536 /* requests that may be under way */
#define MOST_SAMPLES  (1 << 20)
#define CONTROL_BYTES 256
#define GIVE_UP_MS    20 /* a reply that took longer is lost */
#define QUEUE_BYTES   (4 << 20)

typedef struct {
    int window;  /* closed loop; 0: open */
    int rate_hz; /* open loop */
    int n_sources;
    gboolean sleeps; /* open loop: between requests, so that others get the core */
    double duration_sec;
    char *to;
    char *first_source;
} Arguments;

typedef struct {
    uint64_t cookie;
    VtWall sent_at;
} Slot;

/* A sample of what was measured; past its size every one takes another's place. */
typedef struct {
    int32_t *values_ns;
    size_t n_values;
    uint64_t n_seen;
} Samples;

typedef union {
    struct cmsghdr alignment;
    uint8_t bytes[CONTROL_BYTES];
} Control;

typedef struct {
    Arguments arguments;
    VtClock *clock;
    VtFd fd;
    VtNtpAddress to;
    uint32_t first_source; /* host order */
    uint64_t base;         /* of the cookies, random */
    uint64_t n_sent;
    uint64_t n_received;
    uint64_t n_bad;
    Slot *slots;
    Samples round_trip;
    Samples receive_error;
    Samples transmit_error;
    struct mmsghdr headers[BATCH];
    struct iovec vectors[BATCH];
    Control controls[BATCH];
    uint8_t packets[BATCH][VT_NTP_PACKET_BYTES * 2];
} Load;

static void
add_sample(Samples *samples, VtNs value_ns)
{
    size_t at = samples->n_seen++ % MOST_SAMPLES;
    samples->values_ns[at] = (int32_t)CLAMP(value_ns, INT32_MIN, INT32_MAX);
    samples->n_values = MAX(samples->n_values, at + 1);
}

static int
compare_values(gconstpointer a, gconstpointer b)
{
    int32_t first;
    int32_t second;
    memcpy(&first, a, sizeof first);
    memcpy(&second, b, sizeof second);
    return (first > second) - (first < second);
}

static void
print_samples(const char *name, Samples *samples)
{
    static const double parts[] = { 0.5, 0.99 };
    qsort(samples->values_ns, samples->n_values, sizeof *samples->values_ns, compare_values);
    g_print(", \"%s\": [", name);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        size_t at = (size_t)((double)samples->n_values * parts[i]);
        g_print("%s%d", i > 0 ? ", " : "",
                samples->n_values > 0 ? samples->values_ns[MIN(at, samples->n_values - 1)]
                                      : -1);
    }
    g_print("]");
}

/* The address of the source that the next request comes from. */
static void
put_source(Load *load, struct msghdr *header, Control *control)
{
    if (load->first_source == 0)
        return;
    uint32_t number = (uint32_t)(load->n_sent % (uint64_t)load->arguments.n_sources);
    struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(load->first_source + number) };
    memset(control, 0, sizeof *control);
    header->msg_control = control;
    header->msg_controllen = CMSG_SPACE(sizeof info);
    struct cmsghdr *entry = CMSG_FIRSTHDR(header);
    entry->cmsg_level = SOL_IP;
    entry->cmsg_type = IP_PKTINFO;
    entry->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(entry), &info, sizeof info);
}

static void
compose(Load *load, size_t index)
{
    uint64_t cookie = load->base + load->n_sent;
    VtNtpPacket request = {
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .transmit = cookie,
    };
    struct msghdr *header = &load->headers[index].msg_hdr;

    vt_ntp_packet_encode(&request, load->packets[index]);
    load->vectors[index] =
        (struct iovec){ .iov_base = load->packets[index], .iov_len = VT_NTP_PACKET_BYTES };
    *header = (struct msghdr){
        .msg_name = &load->to.socket_address,
        .msg_namelen = load->to.n_bytes,
        .msg_iov = &load->vectors[index],
        .msg_iovlen = 1,
    };
    put_source(load, header, &load->controls[index]);
    load->slots[load->n_sent % N_SLOTS] =
        (Slot){ .cookie = cookie, .sent_at = vt_clock_read_wall(load->clock) };
    load->n_sent++;
}

static void
send_requests(Load *load, size_t n_requests)
{
    while (n_requests > 0) {
        size_t n_batch = MIN(n_requests, BATCH);
        for (size_t i = 0; i < n_batch; i++)
            compose(load, i);
        /* What the kernel does not take is a request without a reply, and counted so. */
        (void)sendmmsg(load->fd, load->headers, (unsigned)n_batch, 0);
        n_requests -= n_batch;
    }
}

static bool
find_stamp(struct msghdr *header, VtWall *ret_at)
{
    struct timespec stamps[3]; /* software, nothing, hardware */
    for (struct cmsghdr *entry = CMSG_FIRSTHDR(header); entry != NULL;
         entry = CMSG_NXTHDR(header, entry)) {
        if (entry->cmsg_level != SOL_SOCKET || entry->cmsg_type != SO_TIMESTAMPING)
            continue;
        memcpy(stamps, CMSG_DATA(entry), sizeof stamps);
        *ret_at = vt_wall_from_timespec(&stamps[0]);
        return stamps[0].tv_sec != 0;
    }
    return false;
}

/* A good reply is of a request under way, and says that it is a server's. */
static void
take_reply(Load *load, size_t index, VtWall now)
{
    VtNtpPacket reply;
    VtWall arrived_at;
    size_t n_bytes = load->headers[index].msg_len;
    bool is_packet = vt_ntp_packet_decode(load->packets[index], n_bytes, &reply);
    Slot *slot = &load->slots[(reply.origin - load->base) % N_SLOTS];

    if (!is_packet || n_bytes != VT_NTP_PACKET_BYTES || reply.mode != VT_NTP_MODE_SERVER ||
        slot->cookie != reply.origin || reply.origin == 0) {
        load->n_bad++;
        return;
    }
    load->n_received++;
    slot->cookie = 0;
    add_sample(&load->round_trip, vt_wall_diff(now, slot->sent_at));
    add_sample(&load->receive_error,
               vt_ntp_stamp_diff(reply.receive, vt_ntp_stamp_from_wall(slot->sent_at)));
    if (find_stamp(&load->headers[index].msg_hdr, &arrived_at))
        add_sample(&load->transmit_error,
                   vt_ntp_stamp_diff(vt_ntp_stamp_from_wall(arrived_at), reply.transmit));
}

static size_t
receive_replies(Load *load)
{
    for (size_t i = 0; i < BATCH; i++) {
        load->vectors[i] =
            (struct iovec){ .iov_base = load->packets[i], .iov_len = sizeof load->packets[i] };
        load->headers[i].msg_hdr = (struct msghdr){
            .msg_iov = &load->vectors[i],
            .msg_iovlen = 1,
            .msg_control = &load->controls[i],
            .msg_controllen = sizeof load->controls[i],
        };
    }
    int n_replies = recvmmsg(load->fd, load->headers, BATCH, MSG_DONTWAIT, NULL);
    if (n_replies <= 0)
        return 0;
    VtWall now = vt_clock_read_wall(load->clock);
    for (int i = 0; i < n_replies; i++)
        take_reply(load, (size_t)i, now);
    return (size_t)n_replies;
}

static bool
wait_for_replies(const Load *load, int timeout_ms)
{
    struct pollfd polled = { .fd = load->fd, .events = POLLIN };
    return poll(&polled, 1, timeout_ms) > 0;
}

static void
run_closed(Load *load, VtMono until)
{
    size_t window = (size_t)load->arguments.window;
    send_requests(load, window);
    while (vt_mono_diff(until, vt_clock_read_boot(load->clock)) > 0) {
        size_t n_replies = 0;
        if (wait_for_replies(load, GIVE_UP_MS))
            n_replies = receive_replies(load);
        else
            n_replies = window; /* all of them are lost */
        send_requests(load, n_replies);
    }
}

static void
run_open(Load *load, VtMono begun_at, VtMono until)
{
    VtMono now = begun_at;
    while (vt_mono_diff(until, now) > 0) {
        double elapsed_sec = vt_ns_to_sec(vt_mono_diff(now, begun_at));
        uint64_t n_due = (uint64_t)(elapsed_sec * load->arguments.rate_hz);
        /* One at a time: a burst would be another load. What cannot be kept up with is told. */
        if (n_due > load->n_sent)
            send_requests(load, MIN(n_due - load->n_sent, 4));
        if (load->arguments.sleeps)
            (void)wait_for_replies(load, 1);
        (void)receive_replies(load);
        now = vt_clock_read_boot(load->clock);
    }
}

static bool
open_socket(Load *load)
{
    int stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    int queue_bytes = QUEUE_BYTES;
    load->fd = socket(load->to.socket_address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (load->fd < 0 ||
        setsockopt(load->fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) < 0)
        return false;
    /* Wishes: the second needs a privilege. */
    (void)setsockopt(load->fd, SOL_SOCKET, SO_RCVBUF, &queue_bytes, sizeof queue_bytes);
    (void)setsockopt(load->fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof queue_bytes);
    return true;
}

static bool
parse(int *argc, char ***argv, Arguments *arguments, GError **error)
{
    const GOptionEntry entries[] = {
        { "to", 0, 0, G_OPTION_ARG_STRING, &arguments->to, "address of the server", "A" },
        { "window", 0, 0, G_OPTION_ARG_INT, &arguments->window, "closed loop", "N" },
        { "rate", 0, 0, G_OPTION_ARG_INT, &arguments->rate_hz, "open loop", "HZ" },
        { "sleep", 0, 0, G_OPTION_ARG_NONE, &arguments->sleeps, "sleep between requests",
          NULL },
        { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &arguments->duration_sec, "how long", "S" },
        { "first-source", 0, 0, G_OPTION_ARG_STRING, &arguments->first_source,
          "ask from this IPv4 address and those after it", "A" },
        { "sources", 0, 0, G_OPTION_ARG_INT, &arguments->n_sources, "so many", "N" },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static bool
prepare(Load *load, GError **error)
{
    const Arguments *arguments = &load->arguments;
    Samples *samples[] = { &load->round_trip, &load->receive_error, &load->transmit_error };
    VtNtpAddress source;

    if (!vt_ntp_address_parse(arguments->to != NULL ? arguments->to : "", 123, &load->to,
                              error))
        return false;
    if (arguments->first_source != NULL) {
        if (!vt_ntp_address_parse(arguments->first_source, 1, &source, error))
            return false;
        load->first_source = (uint32_t)vt_ntp_peer_address_from_socket(
                                 (const struct sockaddr *)&source.socket_address)
                                 .low;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
        samples[i]->values_ns = g_new0(int32_t, MOST_SAMPLES);
    load->slots = g_new0(Slot, N_SLOTS);
    load->clock = vt_clock_new_system();
    load->base = vt_random_nonce();
    return open_socket(load);
}

int
main(int argc, char **argv)
{
    g_autofree Load *load = g_new0(Load, 1);
    g_autoptr(GError) error = NULL;
    load->arguments = (Arguments){ .duration_sec = 1, .n_sources = 1 };

    if (!parse(&argc, &argv, &load->arguments, &error) || !prepare(load, &error)) {
        g_printerr("load: %s\n", error != NULL ? error->message : g_strerror(errno));
        return EXIT_FAILURE;
    }
    VtMono begun_at = vt_clock_read_boot(load->clock);
    VtMono until = vt_mono_add(
        begun_at, vt_ns_from_double(load->arguments.duration_sec * (double)VT_NS_PER_SEC));
    if (load->arguments.window > 0)
        run_closed(load, until);
    else
        run_open(load, begun_at, until);
    double took_sec = vt_ns_to_sec(vt_mono_diff(vt_clock_read_boot(load->clock), begun_at));
    while (wait_for_replies(load, GIVE_UP_MS))
        (void)receive_replies(load);

    g_print("{\"sent\": %" G_GUINT64_FORMAT ", \"received\": %" G_GUINT64_FORMAT
            ", \"bad\": %" G_GUINT64_FORMAT ", \"seconds\": %.6f",
            load->n_sent, load->n_received, load->n_bad, took_sec);
    print_samples("round-trip-ns", &load->round_trip);
    print_samples("receive-error-ns", &load->receive_error);
    print_samples("transmit-error-ns", &load->transmit_error);
    g_print("}\n");
    return EXIT_SUCCESS;
}
