/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processor's counter, as a vmclock page names it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Tests bring one of their own. */
typedef struct {
    uint8_t id; /* VT_VMCLOCK_COUNTER_…; NONE: there is none that can be trusted */
    uint64_t (*read)(void *instance);
    void *instance;
} VtCounter;

/* Of this processor, unless the kernel itself found that it cannot be trusted. */
VtCounter vt_counter_system(void);

/*
 * Whether the kernel, which lists @available_clocksources, trusts the counter @id: it hides a
 * TSC that it found to be unstable, and all that are made of it.
 */
bool vt_counter_is_trusted(uint8_t id, const char *available_clocksources);
