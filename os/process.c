/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "base/error.h"

static bool
has_capability(unsigned capability)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

    if (syscall(SYS_capget, &header, sets) != 0)
        return false;
    return (sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

/*
 * Under MCL_FUTURE all that is mapped counts, touched or not: with a limit in force the kernel
 * refuses a later thread its stack or malloc its memory, and that is worse than a page fault.
 */
static bool
is_locking_unlimited(void)
{
    struct rlimit limit;

    if (has_capability(CAP_IPC_LOCK))
        return true;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

bool
vt_process_lock_memory(GError **error)
{
    struct rlimit unlimited = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

    /* Allowed where the hard limit is none, or to root; what it came to is seen below. */
    (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
    if (!is_locking_unlimited()) {
        g_set_error_literal(error, VT_ERROR, VT_ERROR_DENIED,
                            "cannot lock memory: its amount is limited (RLIMIT_MEMLOCK)");
        return false;
    }
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return true;
    return vt_error_set_errno(error, errno, "cannot lock memory");
}

static bool
set_scheduler(int policy, GError **error)
{
    struct sched_param parameters = { .sched_priority = sched_get_priority_min(policy) };
    if (sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) == 0)
        return true;
    return vt_error_set_errno(error, errno, "cannot raise the priority");
}

bool
vt_process_raise_priority(GError **error)
{
    return set_scheduler(SCHED_FIFO, error);
}

bool
vt_process_raise_priority_of_main(GError **error)
{
    /* Who may not rise needs no workers to be made before. */
    if (!set_scheduler(SCHED_FIFO, error) || !set_scheduler(SCHED_OTHER, error))
        return false;
    /* GLib's shared worker threads get the priority that the first to want one had. */
    g_type_ensure(G_TYPE_TASK);
    return set_scheduler(SCHED_FIFO, error);
}
