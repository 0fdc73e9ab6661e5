/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an NTP packet says, whatever brought it, as a bracketed reading. Pure. */
#pragma once

#include "core/reading.h"
#include "proto/ntp-packet.h"

/* @reply has passed vt_ntp_packet_check_reply. */
VtReading vt_ntp_reading_make(const VtNtpPacket *reply, VtInstant sent, VtInstant received);

/* Where stamps are looked for: the 136 years from shortly before this program was built. */
VtWall vt_ntp_reading_pivot(void);
