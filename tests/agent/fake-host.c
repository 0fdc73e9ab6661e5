/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

static char *
in_folder(const FakeHost *host, const char *a, const char *b)
{
    return g_build_filename(host->folder, a, b, NULL);
}

static void
make_places(FakeHost *host, const char *device)
{
    g_autofree char *port = in_folder(host, "sys", "vport0p1");
    g_autofree char *other = in_folder(host, "sys", "vport0p2");
    g_autofree char *name = g_build_filename(port, "name", NULL);
    g_autofree char *other_name = g_build_filename(other, "name", NULL);
    g_autofree char *devices = in_folder(host, "dev", NULL);
    g_autofree char *node = in_folder(host, "dev", "vport0p1");

    g_assert_cmpint(g_mkdir_with_parents(port, 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(other, 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(devices, 0700), ==, 0);
    g_assert_true(g_file_set_contents(name, "org.virttime.0\n", -1, NULL));
    g_assert_true(g_file_set_contents(other_name, "org.qemu.guest_agent.0\n", -1, NULL));
    g_assert_cmpint(symlink(device, node), ==, 0);
}

static void
send_frame(FakeHost *host, VtLinkFrame *frame)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    vt_link_session_seal(&host->session, frame);
    fake_host_send_bytes(host, bytes, vt_link_frame_encode(frame, bytes));
}

void
fake_host_send_bytes(FakeHost *host, const uint8_t *bytes, size_t n_bytes)
{
    if (host->held != NULL) {
        g_byte_array_append(host->held, bytes, (guint)n_bytes);
        return;
    }
    g_assert_cmpint(write(host->fd, bytes, n_bytes), ==, n_bytes);
}

void
fake_host_hold(FakeHost *host)
{
    host->held = g_byte_array_new();
}

void
fake_host_release(FakeHost *host)
{
    g_autoptr(GByteArray) held = g_steal_pointer(&host->held);
    fake_host_send_bytes(host, held->data, held->len);
}

void
fake_host_send_hello(FakeHost *host)
{
    VtLinkFrame frame = { 0 };
    VtLinkHello hello = {
        .nonce = host->session.own_nonce,
        .peer_nonce = host->session.peer_nonce,
        .epoch = host->epoch,
        .version_least = VT_LINK_VERSION,
        .version_greatest = VT_LINK_VERSION,
        .mode = host->mode,
        .n_addresses = host->n_addresses,
    };
    memcpy(hello.addresses, host->addresses, sizeof hello.addresses);
    vt_link_hello_encode(&hello, &frame);
    send_frame(host, &frame);
}

void
fake_host_send_notice(FakeHost *host, VtLinkCause cause, uint64_t counter)
{
    VtLinkFrame frame = { 0 };
    VtLinkNotice notice = {
        .session = host->session.own_nonce,
        .event = { .instance = 9, .counter = counter },
        .epoch = host->epoch,
        .cause = (uint8_t)cause,
    };
    vt_link_notice_encode(&notice, &frame);
    send_frame(host, &frame);
}

static VtNtpStamp
host_stamp(const FakeHost *host)
{
    VtNs passed_ns = vt_mono_diff(host->kernel->raw, host->raw_at_start);
    return vt_ntp_stamp_from_wall(vt_wall_add(host->wall_at_start, passed_ns + host->ahead_ns));
}

void
fake_host_answer(FakeHost *host)
{
    const VtLinkTime *request = &host->request;
    VtLinkFrame frame = { 0 };
    VtLinkTime reply = {
        .session = host->session.own_nonce,
        .nonce = request->nonce,
        .epoch = host->epoch,
        .packet = {
            .leap = host->is_synchronised ? host->leap : VT_NTP_LEAP_UNSYNCHRONISED,
            .version = VT_NTP_VERSION,
            .mode = VT_NTP_MODE_SERVER,
            .stratum = host->is_synchronised ? 2 : 0,
            .precision_log2_sec = -20,
            .origin = request->packet.transmit,
            .receive = host_stamp(host),
            .transmit = host_stamp(host),
        },
    };
    vt_link_time_encode(&reply, VT_LINK_TIME_REPLY, &frame);
    send_frame(host, &frame);
}

static void
take_frame(FakeHost *host, const VtLinkFrame *frame)
{
    VtLinkHello hello;
    VtLinkTime request;

    if (vt_link_hello_decode(frame, &hello)) {
        host->n_hellos += 1;
        host->hello = hello;
        if (host->n_hellos_to_lose > 0) {
            host->n_hellos_to_lose -= 1;
            return;
        }
        if (vt_link_session_on_hello(&host->session, &hello).needs_answer)
            fake_host_send_hello(host);
    }
    if (vt_link_time_decode(frame, VT_LINK_TIME_REQUEST, &request)) {
        host->n_requests += 1;
        host->request = request;
        if (host->answers)
            fake_host_answer(host);
    }
    if (vt_link_ack_decode(frame, &host->ack))
        host->n_acks += 1;
    if (vt_link_report_decode(frame, &host->report))
        host->n_reports += 1;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    FakeHost *host = user_data;
    uint8_t buffer[4096];
    VtLinkFrame frame;

    (void)condition;
    ssize_t n_read = read(fd, buffer, sizeof buffer);
    if (n_read <= 0)
        return G_SOURCE_CONTINUE;
    const uint8_t *bytes = buffer;
    size_t n_bytes = (size_t)n_read;
    while (vt_link_scanner_next(&host->scanner, &bytes, &n_bytes, &frame))
        take_frame(host, &frame);
    return G_SOURCE_CONTINUE;
}

void
fake_host_init(FakeHost *host, FakeKernel *kernel)
{
    struct termios raw;
    sigset_t port_signal;

    /* A port that changes sends SIGIO; the daemon reads it from a descriptor. */
    sigemptyset(&port_signal);
    sigaddset(&port_signal, SIGIO);
    g_assert_cmpint(pthread_sigmask(SIG_BLOCK, &port_signal, NULL), ==, 0);

    *host = (FakeHost){
        .kernel = kernel,
        .wall_at_start = kernel->wall,
        .raw_at_start = kernel->raw,
        .is_synchronised = true,
        .answers = true,
        .epoch = 1,
        .mode = VT_LINK_MODE_FULL,
    };
    host->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    host->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(host->fd, >=, 0);
    g_assert_cmpint(grantpt(host->fd), ==, 0);
    g_assert_cmpint(unlockpt(host->fd), ==, 0);
    g_assert_cmpint(tcgetattr(host->fd, &raw), ==, 0);
    cfmakeraw(&raw);
    g_assert_cmpint(tcsetattr(host->fd, TCSANOW, &raw), ==, 0);
    make_places(host, ptsname(host->fd));

    vt_link_session_begin(&host->session, 1000);
    host->source = g_unix_fd_source_new(host->fd, G_IO_IN);
    g_source_set_callback(host->source, G_SOURCE_FUNC(on_readable), host, NULL);
    g_source_attach(host->source, NULL);
}

void
fake_host_hang_up(FakeHost *host)
{
    g_source_destroy(host->source);
    g_clear_pointer(&host->source, g_source_unref);
    vt_fd_close(&host->fd);
}

VtPortPlaces
fake_host_get_places(const FakeHost *host)
{
    g_autofree char *sysfs_path = in_folder(host, "sys", NULL);
    g_autofree char *device_path = in_folder(host, "dev", NULL);
    return (VtPortPlaces){
        .sysfs_path = g_intern_string(sysfs_path),
        .device_path = g_intern_string(device_path),
    };
}

static void
remove_tree(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
        for (const char *name = g_dir_read_name(folder); name != NULL;
             name = g_dir_read_name(folder)) {
            g_autofree char *inner = g_build_filename(path, name, NULL);
            remove_tree(inner);
        }
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

void
fake_host_clear(FakeHost *host)
{
    if (host->source != NULL)
        fake_host_hang_up(host);
    remove_tree(host->folder);
    g_free(host->folder);
}
