/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* chronyd's command socket as far as hostd asks it, answered by the test. */
#pragma once

#include <stdint.h>

#include "os/fd.h"

/* Listens at @path, or on loopback with a port of the kernel's choice. Asserts that it can. */
VtFd fake_chronyd_listen(const char *path);
VtFd fake_chronyd_listen_udp(uint16_t *ret_port);

/* Takes one question, within ten seconds, and says: this stratum, since that second. */
void fake_chronyd_reply(int fd, uint8_t stratum, uint32_t reference_sec);
