/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a server at stratum 2 and beyond tells whom it follows, so that loops are seen. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* RFC 5905, 7.3: of IPv6 the first bytes of a hash. 0: of no such family. */
uint32_t vt_ntp_reference_id_of(const struct sockaddr *address);
