/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder that looks like /proc as far as time daemons are looked for there. */
#pragma once

#include "agent/owner.h"

typedef struct {
    char *folder;
} FakeProc;

void fake_proc_init(FakeProc *proc);
void fake_proc_clear(FakeProc *proc);

VtOwnerPlaces fake_proc_get_places(const FakeProc *proc);

/* A process of this name, with or without CAP_SYS_TIME. */
void fake_proc_add(FakeProc *proc, int pid, const char *name, bool may_set_clock);
/* The same with CAP_SYS_TIME, of this parent. */
void fake_proc_add_child(FakeProc *proc, int pid, const char *name, int parent_pid);
void fake_proc_remove(FakeProc *proc, int pid);
