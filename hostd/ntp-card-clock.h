/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the clock of a network card says of the system's: the latest readings of both, and the line
 * through them, by which a time stamp of the card becomes one of REALTIME. The system's clock may
 * be set or slewed meanwhile: readings that the line does not explain begin a new one. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"

#define VT_NTP_CARD_CLOCK_MOST 8

/* Both clocks at one moment. */
typedef struct {
    VtWall device_at; /* on the card's scale, whichever that is */
    VtWall wall_at;
    VtNs error_ns; /* of the two as of one moment, at most */
} VtNtpCardReading;

typedef struct {
    VtNtpCardReading readings[VT_NTP_CARD_CLOCK_MOST]; /* the oldest first */
    size_t n_readings;
} VtNtpCardClock;

typedef struct {
    VtWall device_at;
    VtWall wall_at; /* at the same moment */
    double gain;    /* of the system's clock over the card's, for each second of the card's */
} VtNtpCardLine;

void vt_ntp_card_clock_add(VtNtpCardClock *clock, const VtNtpCardReading *reading);

/* False while there are too few readings for a line. */
bool vt_ntp_card_clock_fit(const VtNtpCardClock *clock, VtNtpCardLine *ret_line);

/* What the system's clock showed when the card's showed @device_at. */
VtWall vt_ntp_card_line_convert(const VtNtpCardLine *line, VtWall device_at);
