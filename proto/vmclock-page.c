/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/vmclock-page.h"

#include <glib.h>

#define MAGIC   UINT32_C(0x4b4c4356) /* "VCLK" */
#define VERSION 1

/* Up to and with the flags: what every page has. */
#define LEAST_BYTES 0x20

#define GENERATION_END VT_VMCLOCK_PAGE_BYTES
#define TIME_END       0x68

#define TIME_FLAGS                                                    \
    (VT_VMCLOCK_TAI_OFFSET_VALID | VT_VMCLOCK_PERIOD_MAXERROR_VALID | \
     VT_VMCLOCK_TIME_MAXERROR_VALID)

/* Beyond is nothing that VtWall could hold. */
#define MOST_SEC (UINT64_C(9000000000))

static uint64_t
get_uint(const uint8_t *bytes, size_t offset, size_t n_bytes)
{
    uint64_t value = 0;
    for (size_t i = n_bytes; i > 0; i--)
        value = value << 8 | bytes[offset + i - 1];
    return value;
}

static void
decode_time(const uint8_t *bytes, VtVmclockPage *page)
{
    page->clock_status = bytes[0x22];
    page->smearing_hint = bytes[0x23];
    page->tai_offset_sec = (int16_t)get_uint(bytes, 0x24, 2);
    page->leap_indicator = bytes[0x26];
    page->period_shift = bytes[0x27];
    page->counter_value = get_uint(bytes, 0x28, 8);
    page->period_frac_sec = get_uint(bytes, 0x30, 8);
    page->period_maxerror_frac_sec = get_uint(bytes, 0x40, 8);
    page->time_sec = get_uint(bytes, 0x48, 8);
    page->time_frac_sec = get_uint(bytes, 0x50, 8);
    page->time_maxerror_ns = get_uint(bytes, 0x60, 8);
}

VtVmclockCheck
vt_vmclock_page_decode(const uint8_t *bytes, size_t n_bytes, VtVmclockPage *ret_page)
{
    if (n_bytes < LEAST_BYTES)
        return VT_VMCLOCK_SHORT;
    if (get_uint(bytes, 0x00, 4) != MAGIC || get_uint(bytes, 0x08, 2) != VERSION)
        return VT_VMCLOCK_FOREIGN;
    uint64_t size = get_uint(bytes, 0x04, 4);
    if (size < LEAST_BYTES)
        return VT_VMCLOCK_SHORT;
    size = MIN(size, n_bytes);

    VtVmclockPage page = {
        .counter_id = bytes[0x0a],
        .time_type = bytes[0x0b],
        .sequence = (uint32_t)get_uint(bytes, VT_VMCLOCK_SEQUENCE_OFFSET, 4),
        .disruption_marker = get_uint(bytes, 0x10, 8),
        .flags = get_uint(bytes, 0x18, 8),
    };
    if ((page.sequence & 1) != 0)
        return VT_VMCLOCK_TORN;
    if (size >= TIME_END) {
        decode_time(bytes, &page);
    } else {
        page.counter_id = VT_VMCLOCK_COUNTER_NONE;
        page.flags &= ~TIME_FLAGS;
    }
    if (size < GENERATION_END)
        page.flags &= ~VT_VMCLOCK_GENERATION_PRESENT;
    if ((page.flags & VT_VMCLOCK_GENERATION_PRESENT) != 0)
        page.generation = get_uint(bytes, 0x68, 8);
    *ret_page = page;
    return VT_VMCLOCK_OK;
}

/* An unsigned number of 128 bits: whole seconds and fractions of 2^-64 s. */
typedef struct {
    uint64_t high;
    uint64_t low;
} Wide;

static Wide
multiply(uint64_t a, uint64_t b)
{
    uint64_t a_high = a >> 32, a_low = a & UINT32_MAX;
    uint64_t b_high = b >> 32, b_low = b & UINT32_MAX;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (middle & UINT32_MAX);
    return (Wide){
        .high = a_high * b_high + (middle >> 32) + (other >> 32),
        .low = other << 32 | (low & UINT32_MAX),
    };
}

static Wide
shift_right(Wide wide, uint8_t shift)
{
    if (shift == 0)
        return wide;
    if (shift >= 128)
        return (Wide){ 0 };
    if (shift >= 64)
        return (Wide){ .low = wide.high >> (shift - 64) };
    return (Wide){
        .high = wide.high >> shift,
        .low = wide.low >> shift | wide.high << (64 - shift),
    };
}

/* @n_ticks of a period of @frac_sec * 2^-(64 + @shift) s each. */
static Wide
get_span(uint64_t n_ticks, uint64_t frac_sec, uint8_t shift)
{
    return shift_right(multiply(n_ticks, frac_sec), shift);
}

static Wide
add(Wide a, Wide b)
{
    uint64_t low = a.low + b.low;
    return (Wide){ .high = a.high + b.high + (low < a.low), .low = low };
}

static Wide
subtract(Wide a, Wide b)
{
    return (Wide){ .high = a.high - b.high - (a.low < b.low), .low = a.low - b.low };
}

/* The caller has seen to it that the seconds fit. */
static VtNs
to_ns(Wide wide)
{
    uint64_t fraction_ns = multiply(wide.low, (uint64_t)VT_NS_PER_SEC).high;
    return (VtNs)wide.high * VT_NS_PER_SEC + (VtNs)fraction_ns;
}

static bool
to_utc(const VtVmclockPage *page, uint64_t *ret_sec)
{
    if (page->time_type == VT_VMCLOCK_TIME_UTC) {
        *ret_sec = page->time_sec;
        return true;
    }
    /*
     * UTC has never been ahead of TAI. A page that says so has the sign of the specification's
     * first text and would be 74 s off.
     */
    if (page->time_type != VT_VMCLOCK_TIME_TAI ||
        (page->flags & VT_VMCLOCK_TAI_OFFSET_VALID) == 0 || page->tai_offset_sec > 0)
        return false;
    *ret_sec = page->time_sec - (uint64_t)(-(int64_t)page->tai_offset_sec);
    return true;
}

static uint8_t
get_leap(const VtVmclockPage *page)
{
    return page->leap_indicator == 1 || page->leap_indicator == 2 ? page->leap_indicator : 0;
}

static void
add_error(const VtVmclockPage *page, uint64_t n_ticks, VtVmclockTime *time)
{
    const uint64_t both = VT_VMCLOCK_TIME_MAXERROR_VALID | VT_VMCLOCK_PERIOD_MAXERROR_VALID;
    Wide drift = get_span(n_ticks, page->period_maxerror_frac_sec, page->period_shift);

    time->has_error = (page->flags & both) == both && drift.high < MOST_SEC &&
                      page->time_maxerror_ns < MOST_SEC * (uint64_t)VT_NS_PER_SEC;
    if (time->has_error)
        time->error_ns = vt_ns_add((VtNs)page->time_maxerror_ns, to_ns(drift) + 1);
}

VtVmclockTimeCheck
vt_vmclock_page_get_time(const VtVmclockPage *page,
                         uint8_t counter_id,
                         uint64_t counter,
                         VtVmclockTime *ret_time)
{
    uint64_t utc_sec;
    if (page->counter_id == VT_VMCLOCK_COUNTER_NONE || page->counter_id != counter_id)
        return VT_VMCLOCK_TIME_ABSENT;
    if (page->clock_status != VT_VMCLOCK_STATUS_SYNCHRONIZED &&
        page->clock_status != VT_VMCLOCK_STATUS_FREERUNNING)
        return VT_VMCLOCK_TIME_UNRELIABLE;
    if (!to_utc(page, &utc_sec))
        return VT_VMCLOCK_TIME_NO_UTC;
    if (page->leap_indicator == 3)
        return VT_VMCLOCK_TIME_IN_LEAP;

    /* Another processor's counter may lag a little behind the one that wrote the page. */
    bool is_before = (int64_t)(counter - page->counter_value) < 0;
    uint64_t n_ticks =
        is_before ? page->counter_value - counter : counter - page->counter_value;
    Wide span = get_span(n_ticks, page->period_frac_sec, page->period_shift);
    Wide base = { .high = utc_sec, .low = page->time_frac_sec };
    if (span.high >= MOST_SEC || utc_sec >= MOST_SEC || (is_before && span.high >= utc_sec))
        return VT_VMCLOCK_TIME_OUT_OF_RANGE;
    Wide at = is_before ? subtract(base, span) : add(base, span);
    if (at.high >= MOST_SEC)
        return VT_VMCLOCK_TIME_OUT_OF_RANGE;

    *ret_time = (VtVmclockTime){
        .at = { .ns = to_ns(at) },
        .leap = get_leap(page),
    };
    add_error(page, n_ticks, ret_time);
    ret_time->is_synchronised =
        page->clock_status == VT_VMCLOCK_STATUS_SYNCHRONIZED || ret_time->has_error;
    return VT_VMCLOCK_TIME_OK;
}

const char *
vt_vmclock_time_check_name(VtVmclockTimeCheck check)
{
    switch (check) {
    case VT_VMCLOCK_TIME_OK:
        return "";
    case VT_VMCLOCK_TIME_ABSENT:
        return "it carries no time, only signs of a disruption";
    case VT_VMCLOCK_TIME_UNRELIABLE:
        return "the hypervisor says that it cannot be relied on";
    case VT_VMCLOCK_TIME_NO_UTC:
        return "its time cannot be turned into UTC";
    case VT_VMCLOCK_TIME_IN_LEAP:
        return "a leap second is being inserted";
    case VT_VMCLOCK_TIME_OUT_OF_RANGE:
        return "its time is out of all range";
    case VT_VMCLOCK_N_TIME_CHECKS:
        break;
    }
    g_assert_not_reached();
}
