/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leap indicators of NTP in an operator's words. */
#pragma once

#include <stdint.h>

/* "Normal", "Insert second", "Delete second", "Not synchronised". */
const char *vt_leap_get_name(int64_t leap);

/* "N", "+", "-", "?" */
const char *vt_leap_get_sign(int64_t leap);
