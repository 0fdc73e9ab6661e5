/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the agent may do to the clock now: as the kernel, the host, the settings and whoever else
 * steers it allow. Also keeps what of that stands in the way, in words, and tells the kernel how
 * good the clock is where that is ours to tell.
 */
#pragma once

#include "agent/devices/link.h"
#include "agent/devices/vmclock.h"
#include "agent/owner-watch.h"
#include "agent/role.h"
#include "core/pipeline.h"
#include "os/clock.h"

typedef struct {
    VtAgentMode setting;
    VtOwnerWatchParams owner;
    const char *feed_path;          /* where chronyd takes readings; NULL: nowhere */
    const char *chrony_helper_path; /* by which chronyd is told of steps; NULL: it is not */
    const char *leap_list_path;     /* tzdata's list of leap seconds; NULL: none */
    VtVmclock *const *
        vmclock; /* it may come later; NULL: it does not; all three must outlive the authority */
    VtLink *link;
    VtClock *clock;
} VtAuthorityParams;

typedef struct VtAuthority VtAuthority;

typedef struct {
    /* The role is another one from now on: see vt_authority_steers. */
    void (*on_role)(void *user_data);
    /* A step that was not let pass may be made now: measure again. */
    void (*on_step_allowed)(void *user_data);
} VtAuthorityListener;

/* Takes the clock over if nobody else steers it; on_role is not called for that. Transfer full. */
VtAuthority *vt_authority_new(const VtAuthorityParams *params,
                              const VtAuthorityListener *listener,
                              void *user_data);
/* A clock of ours is marked unsynchronised. Takes NULL. */
void vt_authority_free(VtAuthority *authority);

/* The settings were read anew: the role may be another one, which on_role tells. */
void vt_authority_set_setting(VtAuthority *authority, VtAgentMode setting);

VtRole vt_authority_get_role(const VtAuthority *authority);

/* Whether rate, slews and status of the clock are ours. */
bool vt_authority_steers(const VtAuthority *authority);

bool vt_authority_may_measure(const VtAuthority *authority);
bool vt_authority_may_correct(const VtAuthority *authority);

/* The kernel lets us; false: no permission. */
bool vt_authority_can_correct(const VtAuthority *authority);

/*
 * Whether a step may be made at this instant: chronyd is told first where it steers. If not,
 * on_step_allowed is called when it may.
 */
bool vt_authority_may_step(VtAuthority *authority, const VtPipelineStatus *status);

/* A disruption was told, so that a step is likely: what has to come before it begins now. */
void vt_authority_prepare_step(VtAuthority *authority, const VtPipelineStatus *status);

/* It was made. */
void vt_authority_note_step(VtAuthority *authority);

/* VtLinkMode that is in force. */
uint8_t vt_authority_get_mode(const VtAuthority *authority);

/* What whoever steers the clock claims of its error; 0: nothing. */
VtNs vt_authority_get_claim(const VtAuthority *authority);

/* What the kernel is told, or would be. */
bool vt_authority_is_synchronised(const VtAuthority *authority, const VtPipelineStatus *status);
void vt_authority_publish(VtAuthority *authority, const VtPipelineStatus *status);

/* After @reading was taken in: chronyd gets it where it is fed. */
void vt_authority_note_reading(VtAuthority *authority,
                               const VtReading *reading,
                               const VtPipelineStatus *status,
                               VtWall wall_now);

/* Each second; somebody else may have told the kernel otherwise meanwhile. */
void vt_authority_on_tick(VtAuthority *authority);

/*
 * Looks whether somebody else has changed the rate that we set; if so, who it is. Afterwards the
 * role may be another one.
 */
void vt_authority_check_rate(VtAuthority *authority);

/* Somebody else has set the clock, by @moved_ns if not 0: says who may have been it. */
void vt_authority_note_set(VtAuthority *authority, VtNs moved_ns);

/* Something cannot be done to the clock: logged if it is news, and kept. */
void vt_authority_set_problem(VtAuthority *authority, const GError *error);

/* In words; NULL when nothing stands in the way. Borrowed. */
const char *vt_authority_get_problem(const VtAuthority *authority);

/* For people. All borrowed until the next tick. */
typedef struct {
    VtRole role;
    const VtOwner *owner;
    const char *writers;
    const char *told; /* whether chronyd is told of steps: see vt_step_gate_describe */
} VtAuthorityView;

VtAuthorityView vt_authority_look(const VtAuthority *authority);
