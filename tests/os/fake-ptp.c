/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/os/fake-ptp.h"

#include <errno.h>
#include <linux/ptp_clock.h>

#define DEFAULT_BRACKET_NS (2 * VT_NS_PER_US)

static struct ptp_clock_time
to_time(int64_t ns)
{
    return (struct ptp_clock_time){
        .sec = ns / VT_NS_PER_SEC,
        .nsec = (uint32_t)(ns % VT_NS_PER_SEC),
    };
}

static struct ptp_clock_time
show(const FakePtp *ptp)
{
    VtNs passed_ns = vt_mono_diff(ptp->kernel->raw, ptp->raw_at_start);
    VtWall at = vt_wall_add(vt_wall_add(ptp->wall_at_start, passed_ns), ptp->ahead_ns);
    struct ptp_clock_time time = to_time(at.ns);
    if (ptp->is_garbage)
        time.nsec = UINT32_MAX;
    return time;
}

static void
wait_half(FakePtp *ptp)
{
    VtNs bracket_ns = ptp->bracket_ns > 0 ? ptp->bracket_ns : DEFAULT_BRACKET_NS;
    fake_kernel_pass(ptp->kernel, bracket_ns / 2);
}

static void
set_inside(FakePtp *ptp)
{
    if (ptp->set_inside_ns == 0)
        return;
    fake_kernel_set_by_other(ptp->kernel, ptp->set_inside_ns);
    ptp->set_inside_ns = 0;
}

static int
answer_precise(FakePtp *ptp, struct ptp_sys_offset_precise *precise)
{
    ptp->n_precise += 1;
    if (ptp->precise_errno != 0)
        return ptp->precise_errno;
    precise->device = show(ptp);
    precise->sys_realtime = to_time(ptp->kernel->wall.ns);
    if (!ptp->lacks_raw)
        precise->sys_monoraw = to_time(ptp->kernel->raw.ns);
    return 0;
}

static int
answer_extended(FakePtp *ptp, struct ptp_sys_offset_extended *extended)
{
    ptp->n_extended += 1;
    if (ptp->extended_errno != 0)
        return ptp->extended_errno;
    if (extended->n_samples > PTP_MAX_SAMPLES || extended->rsv[0] != 0)
        return EINVAL;
    for (unsigned i = 0; i < extended->n_samples; i++) {
        extended->ts[i][0] = to_time(ptp->kernel->wall.ns);
        wait_half(ptp);
        extended->ts[i][1] = show(ptp);
        wait_half(ptp);
        if (i == extended->n_samples / 2)
            set_inside(ptp);
        extended->ts[i][2] = to_time(ptp->kernel->wall.ns);
        /* The first ones are slow, as those of a cold cache are. */
        fake_kernel_pass(ptp->kernel, VT_NS_PER_US);
    }
    return 0;
}

static int
answer_plain(FakePtp *ptp, struct ptp_sys_offset *plain)
{
    ptp->n_plain += 1;
    if (ptp->plain_errno != 0)
        return ptp->plain_errno;
    if (plain->n_samples > PTP_MAX_SAMPLES)
        return EINVAL;
    for (unsigned i = 0; i < plain->n_samples; i++) {
        plain->ts[2 * i] = to_time(ptp->kernel->wall.ns);
        wait_half(ptp);
        plain->ts[2 * i + 1] = show(ptp);
        wait_half(ptp);
    }
    plain->ts[2 * plain->n_samples] = to_time(ptp->kernel->wall.ns);
    return 0;
}

static int
answer(FakePtp *ptp, unsigned long request, void *argument)
{
    if (ptp->n_to_interrupt > 0) {
        ptp->n_to_interrupt -= 1;
        return EINTR;
    }
    switch (request) {
    case PTP_SYS_OFFSET_PRECISE:
        return answer_precise(ptp, argument);
    case PTP_SYS_OFFSET_EXTENDED:
        return answer_extended(ptp, argument);
    case PTP_SYS_OFFSET:
        return answer_plain(ptp, argument);
    default:
        return ENOTTY;
    }
}

/* Runs on umockdev's thread, while the one that called the ioctl waits for it. */
static gboolean
on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer user_data)
{
    FakePtp *ptp = user_data;
    unsigned long request = umockdev_ioctl_client_get_request(client);
    UMockdevIoctlData *argument = umockdev_ioctl_client_get_arg(client);
    gsize n_bytes = _IOC_SIZE(request);
    g_autofree guint8 *bytes = NULL;
    gint n_read = 0;
    (void)handler;

    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(argument, 0, n_bytes, NULL);
    g_assert_nonnull(data);
    umockdev_ioctl_data_retrieve(data, &bytes, &n_read);
    g_assert_cmpint(n_read, ==, n_bytes);
    int failure = answer(ptp, request, bytes);
    umockdev_ioctl_data_update(data, 0, bytes, (gint)n_bytes);
    umockdev_ioctl_client_complete(client, failure == 0 ? 0 : -1, failure);
    umockdev_ioctl_data_unref(data);
    return TRUE;
}

void
fake_ptp_init(FakePtp *ptp,
              UMockdevTestbed *testbed,
              FakeKernel *kernel,
              const char *name,
              const char *clock_name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("P: /devices/virtual/ptp/%s\n"
                                            "N: %s\n"
                                            "E: DEVNAME=/dev/%s\n"
                                            "E: SUBSYSTEM=ptp\n"
                                            "A: clock_name=%s\\n\n",
                                            name, name, name, clock_name);
    g_autofree char *node = g_strdup_printf("/dev/%s", name);

    *ptp = (FakePtp){
        .testbed = testbed,
        .kernel = kernel,
        .name = g_strdup(name),
        .syspath = g_strdup_printf("/sys/devices/virtual/ptp/%s", name),
        .handler = umockdev_ioctl_base_new(),
        .wall_at_start = kernel->wall,
        .raw_at_start = kernel->raw,
    };
    g_assert_true(umockdev_testbed_add_from_string(testbed, text, &error));
    g_assert_no_error(error);
    g_signal_connect(ptp->handler, "handle-ioctl", G_CALLBACK(on_ioctl), ptp);
    g_assert_true(umockdev_testbed_attach_ioctl(testbed, node, ptp->handler, &error));
    g_assert_no_error(error);
}

void
fake_ptp_clear(FakePtp *ptp)
{
    g_autofree char *node = g_strdup_printf("/dev/%s", ptp->name);
    g_assert_true(umockdev_testbed_detach_ioctl(ptp->testbed, node, NULL));
    g_object_unref(ptp->handler);
    g_free(ptp->name);
    g_free(ptp->syspath);
}

void
fake_ptp_unplug(FakePtp *ptp)
{
    fake_ptp_fail(ptp, ENODEV);
    umockdev_testbed_uevent(ptp->testbed, ptp->syspath, "remove");
}

void
fake_ptp_plug_again(FakePtp *ptp)
{
    fake_ptp_fail(ptp, 0);
    umockdev_testbed_uevent(ptp->testbed, ptp->syspath, "add");
}

void
fake_ptp_fail(FakePtp *ptp, int error_number)
{
    ptp->precise_errno = error_number;
    ptp->extended_errno = error_number;
    ptp->plain_errno = error_number;
}
