/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many threads a process has, as /proc shows it. */
#pragma once

#include <sys/types.h>

/* There must be such a process. */
unsigned count_threads(pid_t process);
