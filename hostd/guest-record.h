/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hostd remembers of one guest for its operator: claims of the guest and what hostd saw
 * itself, side by side.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "hostd/guest-event.h"
#include "hostd/responder.h"
#include "proto/link-message.h"

typedef enum {
    VT_GUEST_LINK_CLOSED,     /* no socket, or nobody listens on it */
    VT_GUEST_LINK_NO_CHANNEL, /* the domain has no such channel */
    VT_GUEST_LINK_CONNECTING, /* connected, the handshake is under way */
    VT_GUEST_LINK_NO_AGENT,   /* connected, and no program in the guest has the port open */
    VT_GUEST_LINK_DENIED,     /* no permission to connect, and no opener that does it */
    VT_GUEST_LINK_HELD,       /* connected and silent: another client holds the channel */
    VT_GUEST_LINK_AWAITED,    /* the guest was saved, and its socket is waited for */
    VT_GUEST_LINK_UP,
} VtGuestLinkStatus;

typedef struct {
    bool has_report;
    VtLinkReport report; /* the last */
    VtSeenOffset seen;   /* by hostd, the last */
    bool has_ack;
    VtLinkAck ack; /* of the last event */
    VtSeenOffset seen_at_ack;
    VtMono ack_at;
    uint64_t n_exchanges;
    uint64_t n_notices;
    uint64_t n_acks;
    uint64_t n_foreign_acks;
    uint64_t n_failed_recoveries;
} VtGuestRecord;

/* "up", "no-agent", ...; transfer none. */
const char *vt_guest_link_status_name(VtGuestLinkStatus status);

/*
 * Whether a recovery that the guest calls done is one: nothing hostd saw refutes it, within
 * @limit_ns.
 */
bool vt_guest_record_is_recovered(const VtGuestRecord *record, VtNs limit_ns);

/* The keys of GetGuests that speak of @record and @events, into @dict. */
void vt_guest_record_insert(const VtGuestRecord *record,
                            const VtGuestEvents *events,
                            VtMono now,
                            GVariantDict *dict);
