/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

#include <glib.h>

uint64_t
vt_random_nonce(void)
{
    uint64_t nonce = 0;
    while (nonce == 0) {
        ssize_t n_bytes = getrandom(&nonce, sizeof nonce, 0);
        /* Up to 256 bytes come whole or not at all; before the pool is ready it waits. */
        g_assert(n_bytes == sizeof nonce || (n_bytes < 0 && errno == EINTR));
    }
    return nonce;
}
