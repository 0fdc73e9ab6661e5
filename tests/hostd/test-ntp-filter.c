/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel runs the program on a socket of loopback, where a source is an address of 127/8. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "hostd/ntp-filter.h"
#include "os/fd.h"

#define SEED      UINT64_C(0x123456789abcdef1)
#define N_SENT    400
#define N_MANY    2000 /* of them the sources 127.1.0.0 and on */
#define FIRST     0x7f010000
#define STRANGER  0x7f020001
#define TOLERANCE 80 /* five times the standard deviation of a half of N_SENT */

typedef struct {
    VtNtpFilterMix mix;
    VtFd server;
    struct sockaddr_in address;
    VtNtpFilterSource sources[N_MANY];
    size_t n_sources;
} Fixture;

static struct sockaddr_in
address_of(uint32_t host_order)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(host_order) };
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    socklen_t n_bytes = sizeof fixture->address;
    fixture->mix = vt_ntp_filter_mix_from_seed(SEED);
    fixture->address = address_of(INADDR_LOOPBACK);
    fixture->server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(fixture->server, >=, 0);
    struct sockaddr *address = (struct sockaddr *)&fixture->address;
    g_assert_cmpint(bind(fixture->server, address, sizeof fixture->address), ==, 0);
    g_assert_cmpint(getsockname(fixture->server, address, &n_bytes), ==, 0);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_fd_close(&fixture->server);
}

static VtNtpPeerAddress
peer_of(uint32_t host_order)
{
    uint32_t bytes = htonl(host_order);
    return vt_ntp_peer_address_from_v4((const uint8_t *)&bytes);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const VtNtpFilterSource *first = a;
    const VtNtpFilterSource *second = b;
    return (first->key > second->key) - (first->key < second->key);
}

/* Every second source floods. */
static void
list_sources(Fixture *fixture, size_t n_sources)
{
    for (size_t i = 0; i < n_sources; i++)
        fixture->sources[i] = (VtNtpFilterSource){
            .key = vt_ntp_filter_get_key(&fixture->mix, peer_of(FIRST + (uint32_t)i)),
            .is_flooding = i % 2 == 1,
        };
    fixture->n_sources = n_sources;
    qsort(fixture->sources, n_sources, sizeof *fixture->sources, compare);
}

static void
attach(Fixture *fixture, uint64_t flooding_share, uint64_t other_share)
{
    struct sock_filter steps[VT_NTP_FILTER_MOST_STEPS];
    VtNtpFilterPlan plan = {
        .sources = fixture->sources,
        .n_sources = fixture->n_sources,
        .flooding_share = flooding_share,
        .other_share = other_share,
    };
    struct sock_fprog program = { .filter = steps };
    program.len = (unsigned short)vt_ntp_filter_compose(&fixture->mix, &plan, steps);
    g_assert_cmpint(
        setsockopt(fixture->server, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), ==,
        0);
}

/* How many of @n_sent get through. */
static unsigned
send_from(Fixture *fixture, uint32_t source, unsigned n_sent)
{
    struct sockaddr_in own = address_of(source);
    uint8_t byte = 0;
    unsigned n_passed = 0;
    g_auto(VtFd) fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&own, sizeof own), ==, 0);
    for (unsigned i = 0; i < n_sent; i++) {
        g_assert_cmpint(sendto(fd, &byte, sizeof byte, 0, (struct sockaddr *)&fixture->address,
                               sizeof fixture->address),
                        ==, sizeof byte);
        while (recv(fixture->server, &byte, sizeof byte, 0) == sizeof byte)
            n_passed++;
    }
    return n_passed;
}

static void
test_each_source_is_found_among_many(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    list_sources(fixture, N_MANY);

    attach(fixture, 0, 0);

    for (uint32_t i = 0; i < N_MANY; i += 7)
        g_assert_cmpuint(send_from(fixture, FIRST + i, 1), ==, i % 2 == 0 ? 1 : 0);
    g_assert_cmpuint(send_from(fixture, STRANGER, 1), ==, 0);
    g_assert_cmpuint(send_from(fixture, FIRST + N_MANY, 1), ==, 0);
}

static void
test_floods_alone_are_kept_out(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    list_sources(fixture, 40);

    attach(fixture, 0, VT_NTP_FILTER_ALL);

    g_assert_cmpuint(send_from(fixture, FIRST, 5), ==, 5);
    g_assert_cmpuint(send_from(fixture, FIRST + 1, 5), ==, 0);
    g_assert_cmpuint(send_from(fixture, STRANGER, 5), ==, 5);
}

static void
test_share_of_others_is_let_in(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    list_sources(fixture, 3);

    attach(fixture, VT_NTP_FILTER_ALL, VT_NTP_FILTER_ALL / 2);

    unsigned n_passed = send_from(fixture, STRANGER, N_SENT);
    g_assert_cmpuint(n_passed, >, N_SENT / 2 - TOLERANCE);
    g_assert_cmpuint(n_passed, <, N_SENT / 2 + TOLERANCE);
    g_assert_cmpuint(send_from(fixture, FIRST + 1, N_SENT), ==, N_SENT);
}

static void
test_no_sources_is_a_share_of_all(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    list_sources(fixture, 0);

    attach(fixture, 0, 0);
    g_assert_cmpuint(send_from(fixture, STRANGER, 5), ==, 0);
    attach(fixture, 0, VT_NTP_FILTER_ALL);
    g_assert_cmpuint(send_from(fixture, STRANGER, 5), ==, 5);
}

static void
test_key_of_v6_is_that_of_its_network(void)
{
    VtNtpFilterMix mix = vt_ntp_filter_mix_from_seed(SEED);
    VtNtpPeerAddress one = { 0x20010db800000001, 1 };
    VtNtpPeerAddress same = { 0x20010db800000001, 99 };
    VtNtpPeerAddress other = { 0x20010db800000002, 1 };

    g_assert_cmpuint(vt_ntp_filter_get_key(&mix, one), ==, vt_ntp_filter_get_key(&mix, same));
    g_assert_cmpuint(vt_ntp_filter_get_key(&mix, one), !=, vt_ntp_filter_get_key(&mix, other));
}

static bool
has_v6(void)
{
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    g_auto(VtFd) fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
}

/* The kernel computes the same key. */
static void
test_v6_source_is_found(void)
{
    VtNtpFilterMix mix = vt_ntp_filter_mix_from_seed(SEED);
    struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t n_bytes = sizeof address;
    uint8_t byte = 0;
    g_auto(VtFd) server = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(server, any, sizeof address), ==, 0);
    g_assert_cmpint(getsockname(server, any, &n_bytes), ==, 0);

    for (int is_known = 0; is_known < 2; is_known++) {
        VtNtpPeerAddress network = vt_ntp_peer_address_from_v6(address.sin6_addr.s6_addr);
        network.high += is_known ? 0 : 1;
        VtNtpFilterSource source = { .key = vt_ntp_filter_get_key(&mix, network) };
        VtNtpFilterPlan plan = { .sources = &source, .n_sources = 1 };
        struct sock_filter steps[VT_NTP_FILTER_MOST_STEPS];
        struct sock_fprog program = { .filter = steps };
        program.len = (unsigned short)vt_ntp_filter_compose(&mix, &plan, steps);
        g_assert_cmpint(
            setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), ==, 0);
        g_auto(VtFd) fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(sendto(fd, &byte, 1, 0, any, n_bytes), ==, 1);
        g_assert_cmpint(recv(server, &byte, 1, 0), ==, is_known ? 1 : -1);
    }
}

#define add(path, function) \
    g_test_add("/hostd/ntp-filter/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("each-source-is-found-among-many", test_each_source_is_found_among_many);
    add("floods-alone-are-kept-out", test_floods_alone_are_kept_out);
    add("share-of-others-is-let-in", test_share_of_others_is_let_in);
    add("no-sources-is-a-share-of-all", test_no_sources_is_a_share_of_all);
    g_test_add_func("/hostd/ntp-filter/key-of-v6-is-that-of-its-network",
                    test_key_of_v6_is_that_of_its_network);
    if (has_v6())
        g_test_add_func("/hostd/ntp-filter/v6-source-is-found", test_v6_source_is_found);
    return g_test_run();
}
