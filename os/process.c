/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/process.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "base/error.h"

bool
vt_process_lock_memory(GError **error)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return true;
    return vt_error_set_errno(error, errno, "cannot lock memory");
}

bool
vt_process_raise_priority(GError **error)
{
    struct sched_param parameters = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0)
        return true;
    return vt_error_set_errno(error, errno, "cannot raise the priority");
}
