/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/authority.h"

#include "agent/feed.h"
#include "agent/step-gate.h"
#include "agent/tai-offset.h"

/* A rate that is known less well tells no slew from none. */
#define SURE_RATE_SIGMA_PPB 50000.0

/* For so long a host that has something to say of this guest's clock is waited for. */
#define WAIT_FOR_HELLO_NS (500 * VT_NS_PER_MS)

struct VtAuthority {
    VtAgentMode setting;
    VtLink *link;
    VtClock *clock;
    VtOwnerWatch *owners;
    VtStepGate *gate;
    char *helper_path;
    char *feed_path;
    VtFeed *feed;
    VtTaiOffset *tai;
    VtAuthorityListener listener;
    void *user_data;
    VtMono raw_begun_at;
    VtRole role;
    bool can_correct;
    bool is_told_unsynchronised; /* the kernel is, since the last tick */
    bool is_synchronised;        /* as the kernel was told last */
    VtLeap armed;                /* by us, in the kernel */
    char *problem;               /* of the kernel's making; NULL: none */
    char *refusal;               /* of the owner's; NULL: none */
};

VtRole
vt_authority_get_role(const VtAuthority *authority)
{
    return authority->role;
}

bool
vt_authority_steers(const VtAuthority *authority)
{
    return authority->role == VT_ROLE_OWN;
}

bool
vt_authority_may_measure(const VtAuthority *authority)
{
    return vt_link_get_mode(authority->link) != VT_LINK_MODE_OFF;
}

bool
vt_authority_can_correct(const VtAuthority *authority)
{
    return authority->can_correct;
}

/* Without a link nobody forbids anything; with one the host is asked first. */
static bool
is_allowed(const VtAuthority *authority)
{
    uint8_t mode = vt_link_get_mode(authority->link);
    if (mode != VT_LINK_MODE_INVALID)
        return mode == VT_LINK_MODE_FULL;
    if (vt_link_get_state(authority->link) == VT_LINK_STATE_NO_PORT)
        return true;
    VtMono raw_now = vt_clock_read(authority->clock).raw;
    return vt_mono_diff(raw_now, authority->raw_begun_at) >= WAIT_FOR_HELLO_NS;
}

bool
vt_authority_may_correct(const VtAuthority *authority)
{
    return authority->can_correct && authority->role != VT_ROLE_MONITOR &&
           is_allowed(authority);
}

uint8_t
vt_authority_get_mode(const VtAuthority *authority)
{
    uint8_t mode = vt_link_get_mode(authority->link);
    if (mode == VT_LINK_MODE_OFF)
        return mode;
    /* Before the host has said what it allows, nothing is corrected either. */
    return vt_authority_may_correct(authority) ? VT_LINK_MODE_FULL : VT_LINK_MODE_OBSERVE;
}

VtNs
vt_authority_get_claim(const VtAuthority *authority)
{
    VtClockState state;
    if (!vt_clock_get_state(authority->clock, &state, NULL) ||
        state.max_error_ns >= VT_CLOCK_UNKNOWN_ERROR_NS)
        return 0;
    return state.max_error_ns;
}

bool
vt_authority_is_synchronised(const VtAuthority *authority, const VtPipelineStatus *status)
{
    return status->synchronised && vt_authority_may_correct(authority);
}

void
vt_authority_set_problem(VtAuthority *authority, const GError *error)
{
    if (g_strcmp0(authority->problem, error->message) == 0)
        return;
    g_free(authority->problem);
    authority->problem = g_strdup(error->message);
    g_warning("%s; the clock is measured and left as it is", error->message);
}

const char *
vt_authority_get_problem(const VtAuthority *authority)
{
    return authority->problem != NULL ? authority->problem : authority->refusal;
}

/* What others have armed is theirs to disarm. */
static void
arm_leap(VtAuthority *authority, VtLeap leap)
{
    g_autoptr(GError) error = NULL;
    int direction = leap == VT_LEAP_INSERT ? 1 : leap == VT_LEAP_DELETE ? -1 : 0;
    if (leap == authority->armed)
        return;
    if (!vt_clock_arm_leap(authority->clock, direction, &error)) {
        vt_authority_set_problem(authority, error);
        return;
    }
    authority->armed = leap;
    g_message("%s", leap == VT_LEAP_INSERT ? "a second will be inserted at the end of this day"
                    : leap == VT_LEAP_DELETE
                        ? "a second will be left out at the end of this day"
                        : "no leap second is armed any more");
}

void
vt_authority_publish(VtAuthority *authority, const VtPipelineStatus *status)
{
    bool synchronised = vt_authority_is_synchronised(authority, status);
    if (!vt_authority_steers(authority) || !authority->can_correct ||
        (!synchronised && authority->is_told_unsynchronised))
        return;
    g_autoptr(GError) error = NULL;
    authority->is_told_unsynchronised = !synchronised;
    authority->is_synchronised = synchronised;
    if (!vt_clock_publish(authority->clock, synchronised, status->error_ns, &error))
        vt_authority_set_problem(authority, error);
    if (synchronised)
        arm_leap(authority, status->leap);
}

static VtRole
choose_role(const VtAuthority *authority)
{
    VtOwnerKind owner = vt_owner_watch_get(authority->owners)->kind;
    bool has_feed = owner == VT_OWNER_CHRONYD && vt_feed_is_wanted(authority->feed_path);
    return vt_role_choose(authority->setting, owner, has_feed);
}

/* What the settings ask for and the owner stands in the way of. */
static void
set_refusal(VtAuthority *authority)
{
    const VtOwner *owner = vt_owner_watch_get(authority->owners);
    g_clear_pointer(&authority->refusal, g_free);
    if (authority->role == VT_ROLE_MONITOR && authority->setting == VT_AGENT_MODE_OWN)
        authority->refusal = g_strdup_printf(
            "%s steers the clock; mode=own does not begin beside it", owner->name);
}

static void
log_role(const VtAuthority *authority)
{
    const VtOwner *owner = vt_owner_watch_get(authority->owners);
    if (owner->kind == VT_OWNER_NONE)
        g_message("nobody else steers the clock; mode '%s'", vt_role_name(authority->role));
    else
        g_message("%s (process %d) steers the clock; mode '%s'", owner->name, owner->pid,
                  vt_role_name(authority->role));
}

/* Only chronyd wants to be told, and only while it steers what we may step. */
static void
set_gate(VtAuthority *authority)
{
    bool is_assisted = authority->role == VT_ROLE_ASSIST || authority->role == VT_ROLE_FEED;
    bool is_chronyd = vt_owner_watch_get(authority->owners)->kind == VT_OWNER_CHRONYD;
    vt_step_gate_set_helper(authority->gate,
                            is_assisted && is_chronyd ? authority->helper_path : NULL);
}

static void
on_gate_open(void *user_data)
{
    VtAuthority *authority = user_data;
    authority->listener.on_step_allowed(authority->user_data);
}

bool
vt_authority_may_step(VtAuthority *authority, const VtPipelineStatus *status)
{
    return vt_step_gate_may_pass(authority->gate, status->rate_ppb,
                                 status->rate_sigma_ppb < SURE_RATE_SIGMA_PPB);
}

void
vt_authority_prepare_step(VtAuthority *authority, const VtPipelineStatus *status)
{
    if (vt_authority_may_correct(authority))
        vt_step_gate_prepare(authority->gate, status->rate_ppb,
                             status->rate_sigma_ppb < SURE_RATE_SIGMA_PPB);
}

void
vt_authority_note_step(VtAuthority *authority)
{
    vt_step_gate_note_step(authority->gate);
}

/* Takes over what is ours; of another's clock only asks whether it could be stepped. */
static void
begin_role(VtAuthority *authority)
{
    g_autoptr(GError) error = NULL;
    bool is_let = vt_authority_steers(authority) ? vt_clock_take_over(authority->clock, &error)
                                                 : vt_clock_may_set(authority->clock, &error);
    if (!is_let) {
        authority->can_correct = false;
        vt_authority_set_problem(authority, error);
    }
    authority->is_told_unsynchronised = false;
    set_refusal(authority);
    set_gate(authority);
}

static void
take_role(VtAuthority *authority, VtRole role)
{
    bool steered = vt_authority_steers(authority);
    authority->role = role;
    log_role(authority);
    if (steered != vt_authority_steers(authority))
        authority->listener.on_role(authority->user_data);
    begin_role(authority);
}

static void
on_owner(void *user_data)
{
    VtAuthority *authority = user_data;
    VtRole role = choose_role(authority);
    if (role != authority->role) {
        take_role(authority, role);
        return;
    }
    log_role(authority);
    set_gate(authority);
}

void
vt_authority_set_setting(VtAuthority *authority, VtAgentMode setting)
{
    if (authority->setting == setting)
        return;
    authority->setting = setting;
    on_owner(authority);
    set_refusal(authority);
}

VtAuthority *
vt_authority_new(const VtAuthorityParams *params,
                 const VtAuthorityListener *listener,
                 void *user_data)
{
    VtAuthority *authority = g_new0(VtAuthority, 1);
    authority->setting = params->setting;
    authority->link = params->link;
    authority->clock = params->clock;
    authority->listener = *listener;
    authority->helper_path = g_strdup(params->chrony_helper_path);
    authority->feed_path = g_strdup(params->feed_path);
    authority->feed = vt_feed_new(params->feed_path);
    VtTaiOffsetParams tai = {
        .list_path = params->leap_list_path,
        .vmclock = params->vmclock,
        .clock = params->clock,
    };
    authority->tai = vt_tai_offset_new(&tai);
    authority->gate = vt_step_gate_new(params->clock, on_gate_open, authority);
    authority->user_data = user_data;
    authority->raw_begun_at = vt_clock_read(params->clock).raw;
    authority->can_correct = true;
    authority->owners = vt_owner_watch_new(&params->owner, on_owner, authority);
    authority->role = choose_role(authority);
    if (authority->role != VT_ROLE_OWN)
        log_role(authority);
    begin_role(authority);
    return authority;
}

void
vt_authority_free(VtAuthority *authority)
{
    if (authority == NULL)
        return;
    if (vt_authority_steers(authority) && authority->can_correct)
        (void)vt_clock_publish(authority->clock, false, VT_CLOCK_UNKNOWN_ERROR_NS, NULL);
    vt_step_gate_free(authority->gate);
    vt_tai_offset_free(authority->tai);
    vt_owner_watch_free(authority->owners);
    g_free(authority->helper_path);
    vt_feed_free(authority->feed);
    g_free(authority->feed_path);
    g_free(authority->problem);
    g_free(authority->refusal);
    g_free(authority);
}

void
vt_authority_on_tick(VtAuthority *authority)
{
    /* Reads a file: not while something is being mended. */
    if (vt_authority_steers(authority) && authority->is_synchronised)
        vt_tai_offset_keep(authority->tai);
    authority->is_told_unsynchronised = false;
    vt_step_gate_on_tick(authority->gate);
    vt_owner_watch_on_tick(authority->owners);
    /* chronyd's door for readings opens some time after chronyd is seen. */
    VtRole role = choose_role(authority);
    if (role != authority->role)
        take_role(authority, role);
}

void
vt_authority_note_reading(VtAuthority *authority,
                          const VtReading *reading,
                          const VtPipelineStatus *status,
                          VtWall wall_now)
{
    if (authority->role == VT_ROLE_FEED)
        (void)vt_feed_give(authority->feed, reading, status, wall_now); /* the next may pass */
}

void
vt_authority_check_rate(VtAuthority *authority)
{
    if (vt_authority_steers(authority) && vt_clock_is_rate_foreign(authority->clock))
        vt_owner_watch_note_foreign_rate(authority->owners);
}

void
vt_authority_note_set(VtAuthority *authority, VtNs moved_ns)
{
    vt_owner_watch_look(authority->owners);
    const VtOwner *owner = vt_owner_watch_get(authority->owners);
    const char *writers = vt_owner_watch_get_writers(authority->owners);
    g_autofree char *moved = vt_ns_format_offset(moved_ns);
    g_message("the clock was set by another program%s%s; here run: %s%s%s",
              moved_ns != 0 ? ", by " : "", moved_ns != 0 ? moved : "",
              owner->kind != VT_OWNER_NONE ? owner->name : "no time daemon",
              writers[0] != '\0' ? ", " : "", writers);
}

VtAuthorityView
vt_authority_look(const VtAuthority *authority)
{
    return (VtAuthorityView){
        .role = authority->role,
        .owner = vt_owner_watch_get(authority->owners),
        .writers = vt_owner_watch_get_writers(authority->owners),
        .told = vt_step_gate_describe(authority->gate),
    };
}
