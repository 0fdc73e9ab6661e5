/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One wish to chronyd over its command socket, by somebody who may bind beside it. */
#pragma once

#include "proto/chrony-request.h"

/*
 * Asks the chronyd at @socket_path and waits for its answer, half a second at most. The socket is
 * bound anew each time, so a chronyd that made its folder anew is no special case.
 */
VtChronyCode vt_chrony_ask(const char *socket_path, VtChronyWish wish);
