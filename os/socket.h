/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A datagram socket that programs started later do not inherit. Where that cannot be had with the
 * socket itself, as in simulators of networks, it is asked for afterwards. Who must not wait says
 * so with each call (MSG_DONTWAIT).
 */
#pragma once

#include "os/fd.h"

/* VT_FD_NONE with errno set. */
VtFd vt_socket_open(int domain);
