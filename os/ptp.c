/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/ptp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <sys/ioctl.h>

#include <glib.h>

#include "base/error.h"
#include "os/fd.h"

/*
 * Enough for one without a vCPU being taken away inside it, and in all some 100 us of the main
 * loop where a reading is an exit of 10 us.
 */
#define N_SHOTS 8

/* An interrupted ioctl is begun again so often. */
#define MAX_TRIES 4

/* Seconds beyond are no date, and would not fit. */
#define MOST_SEC INT64_C(9000000000)

struct VtPtp {
    char *path;
    VtFd fd;
    VtPtpMethod method; /* NONE: not yet known */
    bool is_hampered;
};

VtPtp *
vt_ptp_open(const char *path, GError **error)
{
    VtFd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        (void)vt_error_set_errno(error, errno, "cannot open '%s'", path);
        return NULL;
    }
    VtPtp *ptp = g_new0(VtPtp, 1);
    ptp->path = g_strdup(path);
    ptp->fd = fd;
    return ptp;
}

void
vt_ptp_free(VtPtp *ptp)
{
    if (ptp == NULL)
        return;
    vt_fd_close(&ptp->fd);
    g_free(ptp->path);
    g_free(ptp);
}

/* 0 or the errno value; @request is repeated when a signal interrupts it. */
static int
call(const VtPtp *ptp, unsigned long request, void *argument)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        if (ioctl(ptp->fd, request, argument) >= 0)
            return 0;
        if (errno != EINTR)
            return errno;
    }
    return EINTR;
}

/* False for what is no time. */
static bool
convert(const struct ptp_clock_time *time, VtWall *ret_at)
{
    if (time->sec < 0 || time->sec >= MOST_SEC || time->nsec >= VT_NS_PER_SEC)
        return false;
    ret_at->ns = time->sec * VT_NS_PER_SEC + time->nsec;
    return true;
}

/* Takes the shot if it is one and narrower than the best so far. */
static void
offer(const struct ptp_clock_time triple[3], VtPtpShot *best, bool *has_best)
{
    VtPtpShot shot = { 0 };
    if (!convert(&triple[0], &shot.before) || !convert(&triple[1], &shot.device_at) ||
        !convert(&triple[2], &shot.after))
        return;
    VtNs width_ns = vt_wall_diff(shot.after, shot.before);
    if (width_ns < 0)
        return;
    if (*has_best && width_ns >= vt_wall_diff(best->after, best->before))
        return;
    *best = shot;
    *has_best = true;
}

/* Each returns 0, an errno value, or ERANGE for what no clock can show. */
static int
read_precise(const VtPtp *ptp, VtPtpShot *ret_shot)
{
    struct ptp_sys_offset_precise precise = { 0 };
    VtPtpShot shot = { 0 };
    VtWall raw_at;

    int failure = call(ptp, PTP_SYS_OFFSET_PRECISE, &precise);
    if (failure != 0)
        return failure;
    if (!convert(&precise.device, &shot.device_at) ||
        !convert(&precise.sys_realtime, &shot.before) ||
        !convert(&precise.sys_monoraw, &raw_at))
        return ERANGE;
    shot.after = shot.before;
    shot.raw_at = (VtMono){ .ns = raw_at.ns };
    shot.has_raw = raw_at.ns > 0; /* simulators of networks leave it out */
    *ret_shot = shot;
    return 0;
}

static int
read_extended(const VtPtp *ptp, VtPtpShot *ret_shot)
{
    struct ptp_sys_offset_extended extended = { .n_samples = N_SHOTS };
    bool has_best = false;

    int failure = call(ptp, PTP_SYS_OFFSET_EXTENDED, &extended);
    if (failure != 0)
        return failure;
    for (unsigned i = 0; i < N_SHOTS; i++)
        offer(extended.ts[i], ret_shot, &has_best);
    return has_best ? 0 : ERANGE;
}

static int
read_plain(const VtPtp *ptp, VtPtpShot *ret_shot)
{
    struct ptp_sys_offset plain = { .n_samples = N_SHOTS };
    bool has_best = false;

    int failure = call(ptp, PTP_SYS_OFFSET, &plain);
    if (failure != 0)
        return failure;
    /* System, device, system, device, ..., system. */
    for (unsigned i = 0; i < N_SHOTS; i++)
        offer(&plain.ts[2 * i], ret_shot, &has_best);
    return has_best ? 0 : ERANGE;
}

static int
read_by(const VtPtp *ptp, VtPtpMethod method, VtPtpShot *ret_shot)
{
    switch (method) {
    case VT_PTP_METHOD_PRECISE:
        return read_precise(ptp, ret_shot);
    case VT_PTP_METHOD_EXTENDED:
        return read_extended(ptp, ret_shot);
    case VT_PTP_METHOD_PLAIN:
        return read_plain(ptp, ret_shot);
    case VT_PTP_METHOD_NONE:
    case VT_PTP_N_METHODS:
        break;
    }
    g_assert_not_reached();
}

/* Whether another way may work where this one failed so. */
static bool
is_worth_another(int failure)
{
    return failure == EOPNOTSUPP || failure == EINVAL || failure == ENOTTY ||
           failure == ENOSYS || failure == ENODEV;
}

static VtError
classify(int failure)
{
    switch (failure) {
    case ENODEV:
        return VT_ERROR_NOT_FOUND;
    case EBUSY:
    case EINTR:
    case EAGAIN:
    case ETIMEDOUT:
        return VT_ERROR_BUSY;
    case EOPNOTSUPP:
    case ENOTTY:
    case EINVAL:
    case ENOSYS:
        return VT_ERROR_UNSUPPORTED;
    default:
        return VT_ERROR_FAILED;
    }
}

bool
vt_ptp_read(VtPtp *ptp, VtPtpShot *ret_shot, GError **error)
{
    VtPtpMethod first = ptp->method == VT_PTP_METHOD_NONE ? VT_PTP_METHOD_PRECISE : ptp->method;
    int failure = 0;
    bool is_hampered = ptp->is_hampered && first != VT_PTP_METHOD_PRECISE;

    for (VtPtpMethod method = first; method < VT_PTP_N_METHODS; method++) {
        VtPtpShot shot = { 0 };
        failure = read_by(ptp, method, &shot);
        if (failure == 0) {
            ptp->method = method;
            ptp->is_hampered = is_hampered;
            *ret_shot = shot;
            return true;
        }
        is_hampered |= method == VT_PTP_METHOD_PRECISE && failure == ENODEV;
        if (!is_worth_another(failure))
            break;
    }
    ptp->method = is_worth_another(failure) ? VT_PTP_METHOD_NONE : ptp->method;
    if (failure == ERANGE)
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "'%s' shows no time at all", ptp->path);
    else
        g_set_error(error, VT_ERROR, (int)classify(failure), "cannot read '%s': %s", ptp->path,
                    g_strerror(failure));
    return false;
}

VtPtpMethod
vt_ptp_get_method(const VtPtp *ptp)
{
    return ptp->method;
}

void
vt_ptp_forget_method(VtPtp *ptp)
{
    ptp->method = VT_PTP_METHOD_NONE;
}

const char *
vt_ptp_method_name(VtPtpMethod method)
{
    static const char *const names[] = { "none", "precise", "extended", "plain" };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == VT_PTP_N_METHODS);
    return names[method];
}

bool
vt_ptp_is_hampered(const VtPtp *ptp)
{
    return ptp->is_hampered;
}
