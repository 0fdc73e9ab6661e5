/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/counter.h"

#include <glib.h>

#include "proto/vmclock-page.h"

#define AVAILABLE_PATH "/sys/devices/system/clocksource/clocksource0/available_clocksource"

#if defined(__x86_64__) || defined(__i386__)
#define SYSTEM_ID VT_VMCLOCK_COUNTER_X86_TSC

/* Neither before what was read earlier in the program, nor after what comes later. */
static uint64_t
system_read(void *instance)
{
    (void)instance;
    __builtin_ia32_lfence();
    uint64_t counter = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return counter;
}
#elif defined(__aarch64__)
#define SYSTEM_ID VT_VMCLOCK_COUNTER_ARM_VIRTUAL

static uint64_t
system_read(void *instance)
{
    uint64_t counter;
    (void)instance;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(counter) : : "memory");
    return counter;
}
#else
#define SYSTEM_ID VT_VMCLOCK_COUNTER_NONE

static uint64_t
system_read(void *instance)
{
    (void)instance;
    return 0;
}
#endif

bool
vt_counter_is_trusted(uint8_t id, const char *available_clocksources)
{
    static const char *const made_of_tsc[] = { "tsc", "kvm-clock",
                                               "hyperv_clocksource_tsc_page", "xen", NULL };
    if (id != VT_VMCLOCK_COUNTER_X86_TSC)
        return id == VT_VMCLOCK_COUNTER_ARM_VIRTUAL;
    g_auto(GStrv) names = g_strsplit_set(available_clocksources, " \n", -1);
    for (size_t i = 0; made_of_tsc[i] != NULL; i++) {
        if (g_strv_contains((const char *const *)names, made_of_tsc[i]))
            return true;
    }
    return false;
}

VtCounter
vt_counter_system(void)
{
    VtCounter counter = { .id = SYSTEM_ID, .read = system_read };
    g_autofree char *available = NULL;

    if (!g_file_get_contents(AVAILABLE_PATH, &available, NULL, NULL) ||
        !vt_counter_is_trusted(counter.id, available))
        counter.id = VT_VMCLOCK_COUNTER_NONE;
    return counter;
}
