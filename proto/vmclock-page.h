/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The page in which a hypervisor tells its guest how the processor's counter relates to time,
 * how good that is, and whether the counter was disrupted (UAPI.13, as the kernel's
 * linux/vmclock-abi.h has it). Decoded from a stable copy; whoever copies it keeps the rule of
 * its sequence count. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

/* All that is known of it; the region itself is a page. */
#define VT_VMCLOCK_PAGE_BYTES 112

/* Where the sequence count stands: odd while the page is being written. */
#define VT_VMCLOCK_SEQUENCE_OFFSET 0x0c

enum {
    VT_VMCLOCK_COUNTER_ARM_VIRTUAL = 0,
    VT_VMCLOCK_COUNTER_X86_TSC = 1,
    VT_VMCLOCK_COUNTER_NONE = 0xff,
};

enum {
    VT_VMCLOCK_TIME_UTC = 0,
    VT_VMCLOCK_TIME_TAI = 1,
    VT_VMCLOCK_TIME_MONOTONIC = 2,
};

enum {
    VT_VMCLOCK_STATUS_UNKNOWN = 0,
    VT_VMCLOCK_STATUS_INITIALIZING = 1,
    VT_VMCLOCK_STATUS_SYNCHRONIZED = 2,
    VT_VMCLOCK_STATUS_FREERUNNING = 3,
    VT_VMCLOCK_STATUS_UNRELIABLE = 4,
};

/* In flags. */
#define VT_VMCLOCK_TAI_OFFSET_VALID      (UINT64_C(1) << 0)
#define VT_VMCLOCK_DISRUPTION_SOON       (UINT64_C(1) << 1)
#define VT_VMCLOCK_DISRUPTION_IMMINENT   (UINT64_C(1) << 2)
#define VT_VMCLOCK_PERIOD_MAXERROR_VALID (UINT64_C(1) << 4)
#define VT_VMCLOCK_TIME_MAXERROR_VALID   (UINT64_C(1) << 6)
#define VT_VMCLOCK_GENERATION_PRESENT    (UINT64_C(1) << 8)
#define VT_VMCLOCK_NOTIFICATION_PRESENT  (UINT64_C(1) << 9)

typedef struct {
    uint8_t counter_id; /* VT_VMCLOCK_COUNTER_… */
    uint8_t time_type;
    uint32_t sequence;
    uint64_t disruption_marker;
    uint64_t flags;
    uint8_t clock_status;
    uint8_t smearing_hint;
    int16_t tai_offset_sec; /* to be added to TAI: -37, not 37 */
    uint8_t leap_indicator;
    uint8_t period_shift;
    uint64_t counter_value; /* at the reference time */
    uint64_t period_frac_sec;
    uint64_t period_maxerror_frac_sec;
    uint64_t time_sec;
    uint64_t time_frac_sec;
    uint64_t time_maxerror_ns;
    uint64_t generation; /* 0 unless flagged */
} VtVmclockPage;

typedef enum {
    VT_VMCLOCK_OK,
    VT_VMCLOCK_SHORT,   /* too few bytes for a marker */
    VT_VMCLOCK_FOREIGN, /* neither magic nor version of a vmclock page */
    VT_VMCLOCK_TORN,    /* copied while it was being written */
    VT_VMCLOCK_N_CHECKS,
} VtVmclockCheck;

/* Fields beyond the size that the page itself tells are zero, and so are their flags. */
VtVmclockCheck
vt_vmclock_page_decode(const uint8_t *bytes, size_t n_bytes, VtVmclockPage *ret_page);

typedef enum {
    VT_VMCLOCK_TIME_OK,
    VT_VMCLOCK_TIME_ABSENT,     /* a page for its marker alone, or of another processor */
    VT_VMCLOCK_TIME_UNRELIABLE, /* the hypervisor itself does not trust it */
    VT_VMCLOCK_TIME_NO_UTC,     /* a scale that cannot be turned into UTC */
    VT_VMCLOCK_TIME_IN_LEAP,    /* 23:59:60: UTC names two seconds alike */
    VT_VMCLOCK_TIME_OUT_OF_RANGE,
    VT_VMCLOCK_N_TIME_CHECKS,
} VtVmclockTimeCheck;

typedef struct {
    VtWall at;
    bool has_error; /* the hypervisor promises a bound */
    VtNs error_ns;  /* the most by which @at is off UTC */
    bool is_synchronised;
    uint8_t leap; /* announced: 0 none, 1 insert, 2 delete */
} VtVmclockTime;

/* UTC when the counter @counter_id of this processor stood at @counter. */
VtVmclockTimeCheck vt_vmclock_page_get_time(const VtVmclockPage *page,
                                            uint8_t counter_id,
                                            uint64_t counter,
                                            VtVmclockTime *ret_time);

/* For people: why there is no time in it. */
const char *vt_vmclock_time_check_name(VtVmclockTimeCheck check);
