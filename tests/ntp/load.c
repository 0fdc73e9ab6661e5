/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks an NTP server as fast as it answers (closed loop: so many requests are always under way)
 * or so often a second (open loop), from one address or many. Each reply is checked against its
 * request. Prints one line of JSON: what was sent and came back, how long that took, and by how
 * much the server's receive and transmit stamps were off, both clocks being the same.
 *
 * To load a server more than a core could that sends packet by packet, the kernel is given many
 * requests at once and cuts them apart where the server receives them (UDP_SEGMENT).
 */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
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
#define MOST_SEGMENTS 64    /* of one message, as the kernel takes them */
#define N_SLOTS       65536 /* requests that may be under way */
#define MOST_SAMPLES  (1 << 20)
#define CONTROL_BYTES 256
#define GIVE_UP_MS    20 /* a reply that took longer is lost */
#define QUEUE_BYTES   (4 << 20)

typedef struct {
    int window;  /* closed loop; 0: open */
    int rate_hz; /* open loop */
    int n_sources;
    int n_segments;  /* requests in one message */
    gboolean sleeps; /* open loop: between requests, so that others get the core */
    gboolean stamps; /* the kernel is asked when each request left */
    double duration_sec;
    char *to;
    char *first_source;
    char *samples; /* what the names of files begin with, to which samples are appended */
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
    uint64_t n_messages;
    uint64_t n_sent;
    uint64_t n_received;
    uint64_t n_bad;
    uint64_t n_unsynchronised; /* good replies that say so */
    Slot *slots;
    Samples round_trip;
    Samples receive_error;
    Samples transmit_error;
    struct mmsghdr headers[BATCH];
    struct iovec vectors[BATCH];
    Control controls[BATCH];
    uint8_t packets[BATCH][VT_NTP_PACKET_BYTES * 2];
    uint8_t requests[BATCH][MOST_SEGMENTS][VT_NTP_PACKET_BYTES];
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

/* For whoever joins the samples of several runs. */
static bool
append_samples(const Load *load, const char *name, const Samples *samples)
{
    if (load->arguments.samples == NULL)
        return true;
    g_autofree char *path = g_strdup_printf("%s.%s", load->arguments.samples, name);
    FILE *file = fopen(path, "ab");
    if (file == NULL)
        return false;
    size_t n_written =
        fwrite(samples->values_ns, sizeof *samples->values_ns, samples->n_values, file);
    return fclose(file) == 0 && n_written == samples->n_values;
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

/* The address of the source that the next message comes from. */
static void
put_source(Load *load, struct msghdr *header, Control *control)
{
    if (load->first_source == 0)
        return;
    uint32_t number = (uint32_t)(load->n_messages++ % (uint64_t)load->arguments.n_sources);
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
compose_request(Load *load, uint8_t bytes[VT_NTP_PACKET_BYTES])
{
    uint64_t cookie = load->base + load->n_sent;
    VtNtpPacket request = {
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .transmit = cookie,
    };
    vt_ntp_packet_encode(&request, bytes);
    load->slots[load->n_sent % N_SLOTS] =
        (Slot){ .cookie = cookie, .sent_at = vt_clock_read_wall(load->clock) };
    load->n_sent++;
}

static void
compose(Load *load, size_t index, size_t n_segments)
{
    struct msghdr *header = &load->headers[index].msg_hdr;

    for (size_t i = 0; i < n_segments; i++)
        compose_request(load, load->requests[index][i]);
    load->vectors[index] = (struct iovec){
        .iov_base = load->requests[index],
        .iov_len = n_segments * VT_NTP_PACKET_BYTES,
    };
    *header = (struct msghdr){
        .msg_name = &load->to.socket_address,
        .msg_namelen = load->to.n_bytes,
        .msg_iov = &load->vectors[index],
        .msg_iovlen = 1,
    };
    put_source(load, header, &load->controls[index]);
}

static void
send_requests(Load *load, size_t n_requests)
{
    size_t n_segments = (size_t)load->arguments.n_segments;
    while (n_requests > 0) {
        size_t n_messages = 0;
        for (; n_messages < BATCH && n_requests > 0; n_messages++) {
            size_t n_now = MIN(n_requests, n_segments);
            compose(load, n_messages, n_now);
            n_requests -= n_now;
        }
        /* What the kernel does not take is a request without a reply, and counted so. */
        (void)sendmmsg(load->fd, load->headers, (unsigned)n_messages, 0);
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

/* When the last request really left: on a veth pair that is known once it is sent. */
static void
take_sent_stamp(Load *load)
{
    Control control;
    struct msghdr header = { .msg_control = &control, .msg_controllen = sizeof control };
    VtWall sent_at;

    while (recvmsg(load->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
        if (find_stamp(&header, &sent_at))
            load->slots[(load->n_sent - 1) % N_SLOTS].sent_at = sent_at;
        header.msg_controllen = sizeof control;
    }
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
    load->n_unsynchronised += reply.leap == VT_NTP_LEAP_UNSYNCHRONISED ? 1 : 0;
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
        /* As few at a time as may be: a burst would be another load. What cannot be kept up with
         * is told. */
        if (n_due >= load->n_sent + (uint64_t)load->arguments.n_segments)
            send_requests(load, (size_t)load->arguments.n_segments);
        if (load->arguments.stamps)
            take_sent_stamp(load);
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
    int segment_bytes = VT_NTP_PACKET_BYTES;
    if (load->arguments.stamps)
        stamps |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
    load->fd = socket(load->to.socket_address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (load->fd < 0 ||
        setsockopt(load->fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) < 0 ||
        (load->arguments.n_segments > 1 &&
         setsockopt(load->fd, SOL_UDP, UDP_SEGMENT, &segment_bytes, sizeof segment_bytes) < 0))
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
        { "segments", 0, 0, G_OPTION_ARG_INT, &arguments->n_segments,
          "so many requests in one message", "N" },
        { "sleep", 0, 0, G_OPTION_ARG_NONE, &arguments->sleeps, "sleep between requests",
          NULL },
        { "stamps", 0, 0, G_OPTION_ARG_NONE, &arguments->stamps,
          "ask the kernel when requests leave", NULL },
        { "samples", 0, 0, G_OPTION_ARG_FILENAME, &arguments->samples,
          "append all samples to PREFIX.round-trip and so on", "PREFIX" },
        { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &arguments->duration_sec, "how long", "S" },
        { "first-source", 0, 0, G_OPTION_ARG_STRING, &arguments->first_source,
          "ask from this IPv4 address and those after it", "A" },
        { "sources", 0, 0, G_OPTION_ARG_INT, &arguments->n_sources, "so many", "N" },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return false;
    arguments->n_segments = CLAMP(arguments->n_segments, 1, MOST_SEGMENTS);
    return true;
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

static void
print_result(Load *load, double took_sec)
{
    g_print("{\"sent\": %" G_GUINT64_FORMAT ", \"received\": %" G_GUINT64_FORMAT
            ", \"bad\": %" G_GUINT64_FORMAT ", \"unsynchronised\": %" G_GUINT64_FORMAT
            ", \"seconds\": %.6f",
            load->n_sent, load->n_received, load->n_bad, load->n_unsynchronised, took_sec);
    print_samples("round-trip-ns", &load->round_trip);
    print_samples("receive-error-ns", &load->receive_error);
    print_samples("transmit-error-ns", &load->transmit_error);
    g_print("}\n");
}

int
main(int argc, char **argv)
{
    g_autofree Load *load = g_new0(Load, 1);
    g_autoptr(GError) error = NULL;
    load->arguments = (Arguments){ .duration_sec = 1, .n_sources = 1, .n_segments = 1 };

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

    print_result(load, took_sec);
    if (append_samples(load, "round-trip", &load->round_trip) &&
        append_samples(load, "receive-error", &load->receive_error) &&
        append_samples(load, "transmit-error", &load->transmit_error))
        return EXIT_SUCCESS;
    g_printerr("load: cannot write samples: %s\n", g_strerror(errno));
    return EXIT_FAILURE;
}
