/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two kinds of instant and one kind of span, as different C types, so that the compiler
 * refuses to mix them. All arithmetic saturates at the ends of int64_t; it never wraps.
 *
 * Sign convention of the whole program: an offset is reference - local. Positive means that
 * the local clock is behind; a positive correction moves it forward or makes it run faster.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <glib.h>

/* A span or an offset, nanoseconds, signed. */
typedef int64_t VtNs;

/* A point on a settable scale (CLOCK_REALTIME), nanoseconds since 1970-01-01 UTC. */
typedef struct {
    int64_t ns;
} VtWall;

/* A point on a scale that is never set (CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, ...), since boot. */
typedef struct {
    int64_t ns;
} VtMono;

/* One instant on both scales: CLOCK_REALTIME and CLOCK_MONOTONIC_RAW, read close together. */
typedef struct {
    VtWall wall;
    VtMono raw;
} VtInstant;

#define VT_NS_PER_US  INT64_C(1000)
#define VT_NS_PER_MS  INT64_C(1000000)
#define VT_NS_PER_SEC INT64_C(1000000000)
#define VT_NS_MAX     INT64_MAX
#define VT_NS_MIN     INT64_MIN

VtNs vt_ns_add(VtNs a, VtNs b);
VtNs vt_ns_sub(VtNs a, VtNs b);
VtNs vt_ns_mul(VtNs a, int64_t factor);
VtNs vt_ns_abs(VtNs a);
VtNs vt_ns_min(VtNs a, VtNs b);
VtNs vt_ns_max(VtNs a, VtNs b);

/* later - earlier */
VtNs vt_wall_diff(VtWall later, VtWall earlier);
VtWall vt_wall_add(VtWall at, VtNs span_ns);
VtNs vt_mono_diff(VtMono later, VtMono earlier);
VtMono vt_mono_add(VtMono at, VtNs span_ns);

/* The point in the middle between @a and @b, rounded towards @a. */
VtWall vt_wall_middle(VtWall a, VtWall b);
VtMono vt_mono_middle(VtMono a, VtMono b);

/* The one step from statistics back to time: rounds to nearest; NaN gives 0, the rest saturates. */
VtNs vt_ns_from_double(double value_ns);
double vt_ns_to_sec(VtNs span_ns);

/* At system calls alone. tv_nsec of the result is in [0, 1e9) for negative values too. */
struct timespec vt_ns_to_timespec(VtNs span_ns);
VtNs vt_ns_from_timespec(const struct timespec *at);
VtWall vt_wall_from_timespec(const struct timespec *at);
VtMono vt_mono_from_timespec(const struct timespec *at);

/*
 * Reads a duration as a person writes it in settings: a decimal number and one of ns, us, ms,
 * s, min, h, d. A bare number is refused (VT_ERROR_INVALID).
 */
bool vt_ns_parse(const char *text, VtNs *ret_span_ns, GError **error);

/* "+3.204 s", "-12.5 us", "0 ns": four significant digits, signed. Transfer full. */
char *vt_ns_format_offset(VtNs offset_ns);

/* "3.204 s", "40 us": the same without the sign, for bounds. Transfer full. */
char *vt_ns_format_span(VtNs span_ns);

/* "2025-01-01T00:00:05.750Z", cut to milliseconds. Every VtWall is in a calendar. Transfer full. */
char *vt_wall_format(VtWall at);
