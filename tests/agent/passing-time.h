/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lets a FakeKernel's time pass beside a whole agent, faster than ours, also while nobody reads a
 * clock. Not in the middle of an exchange, however busy the machine is: what is ready to be read
 * comes first, and an answer of the link's, which the kernel carries at its leisure, is waited for.
 */
#pragma once

#include "agent/agent.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    FakeKernel *kernel;
    VtAgent *const *agent; /* what it points to may be NULL: none yet, or no more */
    VtNs step_ns;
    unsigned n_held;
    guint id;
} PassingTime;

/* A step of @step_ns each millisecond of ours. All must outlive it. */
void
passing_time_start(PassingTime *time, FakeKernel *kernel, VtAgent *const *agent, VtNs step_ns);
void passing_time_stop(PassingTime *time);
