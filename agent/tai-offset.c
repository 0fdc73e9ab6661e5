/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tai-offset.h"

#include "proto/leap-list.h"

#define LOOK_AGAIN_NS (3600 * VT_NS_PER_SEC)

/* The file has 10 kB. */
#define MOST_LIST_BYTES (256 * 1024)

struct VtTaiOffset {
    char *list_path;
    VtVmclock *const *vmclock;
    VtClock *clock;
    bool has_looked;
    VtMono raw_looked_at;
    char *told; /* the last message: each is said once */
};

VtTaiOffset *
vt_tai_offset_new(const VtTaiOffsetParams *params)
{
    VtTaiOffset *tai = g_new0(VtTaiOffset, 1);
    tai->list_path = g_strdup(params->list_path);
    tai->vmclock = params->vmclock;
    tai->clock = params->clock;
    return tai;
}

void
vt_tai_offset_free(VtTaiOffset *tai)
{
    if (tai == NULL)
        return;
    g_free(tai->list_path);
    g_free(tai->told);
    g_free(tai);
}

static void
tell_once(VtTaiOffset *tai, GLogLevelFlags level, const char *text)
{
    if (g_strcmp0(tai->told, text) == 0)
        return;
    g_free(tai->told);
    tai->told = g_strdup(text);
    g_log(G_LOG_DOMAIN, level, "%s", text);
}

/* The page tells what is to be added to TAI: -37. 0: it does not tell. */
static int
ask_vmclock(const VtTaiOffset *tai)
{
    VtVmclockPage page;
    uint64_t counter;
    if (tai->vmclock == NULL || *tai->vmclock == NULL ||
        vt_vmclock_read(*tai->vmclock, &page, &counter) != VT_VMCLOCK_OK ||
        (page.flags & VT_VMCLOCK_TAI_OFFSET_VALID) == 0 || page.tai_offset_sec > 0)
        return 0;
    return -page.tai_offset_sec;
}

static int
ask_list(VtTaiOffset *tai)
{
    static const char *const reasons[VT_LEAP_LIST_N_CHECKS] = {
        [VT_LEAP_LIST_MALFORMED] = "it is no list of leap seconds",
        [VT_LEAP_LIST_EXPIRED] = "it has expired, and there may have been a leap second since",
        [VT_LEAP_LIST_TOO_EARLY] = "the clock shows a time before its first line",
    };
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize n_bytes;
    int offset_sec = 0;
    if (tai->list_path == NULL)
        return 0;

    const char *reason = NULL;
    if (!g_file_get_contents(tai->list_path, &text, &n_bytes, &error)) {
        reason = error->message;
    } else if (n_bytes > MOST_LIST_BYTES) {
        reason = reasons[VT_LEAP_LIST_MALFORMED];
    } else {
        VtWall now = vt_clock_read_wall(tai->clock);
        reason = reasons[vt_leap_list_get_offset(text, now, &offset_sec)];
    }
    if (reason != NULL) {
        g_autofree char *message = g_strdup_printf(
            "'%s' does not tell how far TAI is ahead of UTC: %s", tai->list_path, reason);
        tell_once(tai, G_LOG_LEVEL_INFO, message);
    }
    return offset_sec;
}

static void
set(VtTaiOffset *tai, int offset_sec, const char *by)
{
    g_autoptr(GError) error = NULL;
    VtClockState state;
    if (!vt_clock_get_state(tai->clock, &state, &error) ||
        (state.tai_offset_sec != offset_sec &&
         !vt_clock_set_tai_offset(tai->clock, offset_sec, &error))) {
        tell_once(tai, G_LOG_LEVEL_WARNING, error->message);
        return;
    }
    if (state.tai_offset_sec == offset_sec)
        return;
    g_autofree char *message =
        g_strdup_printf("told the kernel that TAI is %d s ahead of UTC, by %s", offset_sec, by);
    tell_once(tai, G_LOG_LEVEL_MESSAGE, message);
}

void
vt_tai_offset_keep(VtTaiOffset *tai)
{
    VtMono raw_now = vt_clock_read(tai->clock).raw;
    if (tai->has_looked && vt_mono_diff(raw_now, tai->raw_looked_at) < LOOK_AGAIN_NS)
        return;
    tai->has_looked = true;
    tai->raw_looked_at = raw_now;

    int offset_sec = ask_vmclock(tai);
    if (offset_sec > 0) {
        set(tai, offset_sec, "the hypervisor's vmclock");
        return;
    }
    offset_sec = ask_list(tai);
    if (offset_sec > 0)
        set(tai, offset_sec, tai->list_path);
}
