/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random numbers nobody can guess, for nonces and event ids. */
#pragma once

#include <stdint.h>

/* From the kernel's generator; never 0, which means "none" on the link. */
uint64_t vt_random_nonce(void);
