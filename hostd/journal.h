/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the recovery of a guest ended, as it goes into hostd's journal and log: what the guest
 * says beside what hostd saw. Keys: proto/org.virttime.Host1.xml, GetJournal.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/guest-event.h"
#include "hostd/guest-record.h"
#include "hostd/host-watch.h"

/* The name of the file in hostd's state folder. */
#define VT_HOSTD_JOURNAL_NAME "journal.jsonl"

typedef struct {
    const char *uuid;
    const char *name;
    const VtGuestEvent *event;   /* that is over */
    const VtGuestRecord *record; /* its ack is that of @event, if it has one */
    VtWall wall_now;
} VtGuestRecovery;

/*
 * @failed: the guest did not answer, or hostd saw that its clock is not right. Floating; pure.
 */
GVariant *vt_hostd_journal_compose(const VtGuestRecovery *recovery, bool failed);

/* One line of log; @recovery has an ack, and its name is escaped. */
void vt_hostd_journal_log(const VtGuestRecovery *recovery);

/* What befell the host itself: it slept, or its clock was set. Floating; pure. */
GVariant *vt_hostd_journal_compose_host(const VtHostEvent *event, VtWall wall_now);
