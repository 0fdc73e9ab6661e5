/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the kernel handed a datagram to the network device, and when it took one from it: nearer
 * to the wire than any reading of the clock in this program. A device that stamps nothing, or a
 * kernel that is not allowed to, leaves the program's own readings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "os/clock.h"
#include "os/fd.h"

/* Asks for stamps of all that @fd sends and receives. */
void vt_ntp_stamps_enable(int fd);

/*
 * A socket that nothing goes through. The kernel stamps what arrives only while somebody wants
 * stamps: it rewrites its own code for that, a while after the first socket that does and again
 * after the last, and a reply that arrives meanwhile waits and may have no stamp. Hold it as long
 * as exchanges follow each other. VT_FD_NONE: it cannot be had, and each exchange does without.
 */
VtFd vt_ntp_stamps_hold(void);

/* Like recv(); @ret_has_stamp tells whether @ret_stamp was set, on CLOCK_REALTIME. */
ssize_t vt_ntp_stamps_receive(int fd,
                              uint8_t *bytes,
                              size_t n_bytes,
                              VtWall *ret_stamp,
                              bool *ret_has_stamp);

/* Takes what the error queue has, so that it wakes nobody again; true if it was a stamp of the
 * datagram that was sent. */
bool vt_ntp_stamps_take_sent(int fd, VtWall *ret_stamp);

/*
 * The instant of @stamp, told from @read, at which the clocks were read before or after it. False
 * if it is further from that than a packet takes through the kernel: it is then of another scale,
 * or the clock was set between them.
 */
bool vt_ntp_stamps_place(VtWall stamp, VtInstant read, VtInstant *ret_at);
