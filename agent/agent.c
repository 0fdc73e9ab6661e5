/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/agent.h"

#include "agent/apply.h"
#include "agent/authority.h"
#include "agent/disruption-message.h"
#include "agent/doubt-timer.h"
#include "agent/execute.h"
#include "agent/tick.h"
#include "agent/wishes.h"

/* A host that wants to know how its guests are needs no more than one word a minute. */
#define REPORT_EVERY_TICKS 60

struct VtAgent {
    VtAgentParams params;
    VtClock *clock;
    VtPipeline *pipeline;
    VtAuthority *authority;
    VtLink *link;
    VtSources *sources;
    VtClocks *clocks;
    VtHintList *hints;
    VtDisruptionLog disruptions;
    VtTick *tick;
    VtDoubtTimer *doubt;
    VtWishes *wishes;

    VtUpdates updates;
    unsigned n_ticks_to_report;
    VtState reported_state;
    VtPipelineStatus logged; /* of what the log has told */
};

static void
send_report(VtAgent *agent, const VtPipelineStatus *status)
{
    VtLinkReport report = {
        .state = (uint8_t)status->state,
        .stratum = status->stratum,
        .offset_ns = status->offset_ns,
        .error_ns = status->error_ns,
        .rate_ppb = vt_ns_from_double(status->rate_ppb),
        .root_distance_ns = status->root_distance_ns,
    };
    if (vt_authority_is_synchronised(agent->authority, status))
        report.flags |= VT_LINK_REPORT_SYNCHRONISED;
    if (!vt_authority_can_correct(agent->authority))
        report.flags |= VT_LINK_REPORT_CANNOT_CORRECT;
    g_strlcpy(report.reference, vt_sources_get_name(agent->sources), sizeof report.reference);

    if (!vt_link_send_report(agent->link, &report))
        return;
    agent->n_ticks_to_report = REPORT_EVERY_TICKS;
    agent->reported_state = status->state;
}

static void
measure(VtAgent *agent)
{
    if (vt_authority_may_measure(agent->authority))
        vt_sources_measure(agent->sources);
}

/* Those of earlier runs included. */
static uint64_t
count_disruptions(const VtAgent *agent, VtInstant now)
{
    return vt_agent_memory_get_n_before(agent->params.memory) +
           vt_pipeline_get_status(agent->pipeline, now).n_disruptions;
}

static void
remember(VtAgent *agent, const char *reference, const char *signs)
{
    VtInstant now = vt_clock_read(agent->clock);
    VtJournalMoment moment = {
        .wall_at = now.wall,
        .boot_at = vt_clock_read_boot(agent->clock),
        .reference = reference,
        .signs = signs,
        .number = count_disruptions(agent, now),
    };
    vt_agent_memory_add(agent->params.memory,
                        vt_agent_journal_compose(&agent->disruptions.last, &moment));
}

/* The ACK first: everything that is only for people can wait. */
static void
close_disruption(VtAgent *agent)
{
    VtMono raw_now = vt_clock_read(agent->clock).raw;
    VtMono boot_now = vt_clock_read_boot(agent->clock);
    VtOutcome outcome = vt_pipeline_get_outcome(agent->pipeline);
    const char *reference = vt_sources_get_name(agent->sources);
    VtLinkAck ack;

    vt_disruption_log_on_outcome(&agent->disruptions, &outcome, raw_now);
    if (vt_disruption_log_take_ack(&agent->disruptions, reference, boot_now, raw_now, &ack))
        (void)vt_link_send_ack(agent->link, &ack); /* lost: the notice is repeated */
    g_autofree char *signs = vt_sign_order_take(vt_hint_list_get_order(agent->hints));
    vt_disruption_record_log(&agent->disruptions.last, reference, signs);
    remember(agent, reference, signs);
}

static void
clear_suspicion(VtAgent *agent, const VtPipelineStatus *status)
{
    VtLinkAck ack;
    if (status->state != VT_STATE_TRACKING && status->state != VT_STATE_ASSIST)
        return;
    vt_disruption_log_on_cleared(&agent->disruptions);
    vt_sign_order_end(vt_hint_list_get_order(agent->hints));
    if (vt_disruption_log_take_weak_ack(&agent->disruptions,
                                        vt_sources_get_name(agent->sources), status,
                                        vt_clock_read_boot(agent->clock), &ack))
        (void)vt_link_send_ack(agent->link, &ack);
}

static void
tell_of_state(VtAgent *agent, const VtPipelineStatus *status)
{
    if (status->state != agent->reported_state)
        send_report(agent, status);
    vt_state_change_log(&agent->logged, status);
    agent->logged = *status;
}

static VtApplyPlace
get_place(const VtAgent *agent)
{
    return (VtApplyPlace){
        .clock = agent->clock,
        .pipeline = agent->pipeline,
        .guard = agent->params.guard,
    };
}

static void
leave(const VtAgent *agent)
{
    VtApplyPlace place = get_place(agent);
    vt_apply_leave(&place);
}

static void
carry_out(VtAgent *agent, const VtAction *action)
{
    VtApplyPlace place = get_place(agent);
    bool is_done = vt_execute(agent->authority, &place, action);

    vt_wishes_take(agent->wishes, action);
    if (action->measure_now && (is_done || action->kind != VT_ACTION_STEP))
        measure(agent);
    VtPipelineStatus status =
        vt_pipeline_get_status(agent->pipeline, vt_clock_read(agent->clock));
    vt_sources_set_status(agent->sources, &status, status.is_doubtful);
    vt_doubt_timer_set(agent->doubt, status.is_doubtful);
    vt_authority_publish(agent->authority, &status);
    if (action->recovered)
        close_disruption(agent);
    /* While a disruption is dealt with, words can wait: for its end, or for the tick. */
    if (status.state != VT_STATE_DISRUPTED)
        tell_of_state(agent, &status);
}

static void
note_silence(VtAgent *agent)
{
    VtAction silence = vt_pipeline_on_silence(agent->pipeline, vt_clock_read(agent->clock));
    carry_out(agent, &silence);
}

static void
on_silence_due(void *user_data)
{
    note_silence(user_data);
}

static void
on_reading_due(void *user_data)
{
    VtAgent *agent = user_data;
    /* A reference that takes longer than that is not asked again before it has answered. */
    if (!vt_sources_is_reading(agent->sources))
        measure(agent);
}

static void
on_reading(const VtReading *reading, void *user_data)
{
    VtAgent *agent = user_data;
    VtInstant now = vt_clock_read(agent->clock);

    vt_pipeline_set_may_correct(agent->pipeline, vt_authority_may_correct(agent->authority));
    if (reading == NULL) {
        note_silence(agent);
        return;
    }

    uint64_t n_before = vt_pipeline_get_status(agent->pipeline, now).n_readings;
    VtAction action = vt_pipeline_on_reading(agent->pipeline, reading, now);
    VtPipelineStatus status = vt_pipeline_get_status(agent->pipeline, now);
    if (status.n_readings != n_before) {
        bool is_calm = status.state == VT_STATE_TRACKING || status.state == VT_STATE_ASSIST;
        vt_updates_note(&agent->updates, reading, is_calm);
    }
    carry_out(agent, &action);
    vt_authority_note_reading(agent->authority, reading, &status, now.wall);
    if (!status.is_doubtful)
        clear_suspicion(agent, &status);
}

static void
on_reference_change(const VtPipelineReference *reference, void *user_data)
{
    VtAgent *agent = user_data;
    VtAction action = vt_pipeline_on_reference_change(agent->pipeline, reference,
                                                      vt_clock_read(agent->clock));
    carry_out(agent, &action);
}

static const VtSourcesListener sources_listener = {
    .on_change = on_reference_change,
    .on_reading = on_reading,
};

static void
measure_all(VtAgent *agent)
{
    if (vt_authority_may_measure(agent->authority))
        vt_sources_measure_all(agent->sources);
}

void
vt_agent_take_hint(const VtHint *sign, void *user_data)
{
    VtAgent *agent = user_data;
    if (vt_disruption_log_is_repeat(&agent->disruptions, sign))
        return;
    VtMono raw_now = vt_clock_read(agent->clock).raw;
    VtHint softened = vt_disruption_log_soften(&agent->disruptions, sign, raw_now);
    const VtHint *hint = &softened;

    if (hint->is_set)
        vt_authority_note_set(agent->authority, hint->moved_ns);
    /* Whoever steers the clock may set it, and is not corrected. */
    softened.is_strong &= !hint->is_set || vt_authority_steers(agent->authority);
    VtPipelineHint pipeline_hint = vt_hint_to_pipeline(hint);

    if (hint->reopens_rate)
        vt_clocks_on_clocksource(agent->clocks);
    if (hint->moves_host)
        vt_sources_forget_stopwatch(agent->sources);
    vt_disruption_log_on_hint(&agent->disruptions, hint);
    VtAction action =
        vt_pipeline_on_hint(agent->pipeline, &pipeline_hint, vt_clock_read(agent->clock));
    if (hint->is_strong && action.measure_now) {
        VtPipelineStatus status =
            vt_pipeline_get_status(agent->pipeline, vt_clock_read(agent->clock));
        vt_authority_prepare_step(agent->authority, &status);
        measure_all(agent);
        action.measure_now = false;
    }
    carry_out(agent, &action);
}

/* The host allows something else from now on. */
static void
on_mode(uint8_t mode, void *user_data)
{
    VtAgent *agent = user_data;
    VtPipelineStatus status =
        vt_pipeline_get_status(agent->pipeline, vt_clock_read(agent->clock));

    g_message("the host's mode for this guest is '%s'", vt_link_mode_name(mode));
    vt_authority_publish(agent->authority, &status);
    send_report(agent, &status);
    if (!vt_sources_is_reading(agent->sources))
        measure(agent);
    vt_agent_memory_set_mode(agent->params.memory, mode);
}

static void
tick_report(VtAgent *agent)
{
    VtPipelineStatus status =
        vt_pipeline_get_status(agent->pipeline, vt_clock_read(agent->clock));

    vt_agent_memory_on_tick(agent->params.memory, &status);
    if (agent->n_ticks_to_report > 0)
        agent->n_ticks_to_report -= 1;
    if (agent->n_ticks_to_report == 0)
        send_report(agent, &status);
    tell_of_state(agent, &status);
    if (status.state != VT_STATE_DISRUPTED)
        vt_sign_order_log(vt_hint_list_get_order(agent->hints));
}

static void
on_tick(void *user_data)
{
    VtAgent *agent = user_data;

    vt_authority_on_tick(agent->authority);
    vt_link_probe(agent->link);
    vt_hint_list_on_tick(agent->hints);
    vt_clocks_on_tick(agent->clocks, agent->tick);
    if (vt_authority_may_measure(agent->authority))
        vt_sources_on_tick(agent->sources);
    if (!vt_sources_is_reading(agent->sources))
        note_silence(agent);
    tick_report(agent);
}

/* Somebody else steers the clock from now on, or nobody any more. */
static void
on_role(void *user_data)
{
    VtAgent *agent = user_data;
    VtInstant now = vt_clock_read(agent->clock);
    if (vt_authority_steers(agent->authority)) {
        vt_pipeline_take_over(agent->pipeline, now);
    } else {
        leave(agent);
        vt_clock_hand_over(agent->clock);
        vt_pipeline_yield(agent->pipeline, vt_authority_get_claim(agent->authority), now);
    }
    agent->n_ticks_to_report = 1;
}

static void
on_step_allowed(void *user_data)
{
    measure(user_data);
}

static const VtAuthorityListener authority_listener = {
    .on_role = on_role,
    .on_step_allowed = on_step_allowed,
};

static void
begin_role(VtAgent *agent)
{
    VtAuthorityParams params = {
        .setting = agent->params.mode,
        .owner = agent->params.owner,
        .feed_path = agent->params.feed_path,
        .chrony_helper_path = agent->params.chrony_helper_path,
        .leap_list_path = agent->params.leap_list_path,
        .vmclock = vt_clocks_get_vmclock(agent->clocks),
        .link = agent->link,
        .clock = agent->clock,
    };
    agent->authority = vt_authority_new(&params, &authority_listener, agent);
    if (!vt_authority_steers(agent->authority))
        vt_pipeline_yield(agent->pipeline, vt_authority_get_claim(agent->authority),
                          vt_clock_read(agent->clock));
}

static VtPipeline *
make_pipeline(const VtAgentParams *agent)
{
    VtPipelineParams params = vt_pipeline_params_default();
    vt_agent_memory_get_rate(agent->memory, &params);
    if (agent->guard != NULL)
        params.most_trim_ppb = VT_CLOCK_SLEW_PPB;
    params.least_wall = (VtWall){ .ns = VT_BUILD_DATE_SEC * VT_NS_PER_SEC };
    return vt_pipeline_new(&params);
}

/* What forbids is believed from the last run; what allows must be said again. */
static void
begin_with_mode(VtAgent *agent)
{
    uint8_t mode = vt_agent_memory_get_mode(agent->params.memory);
    if (mode == VT_LINK_MODE_OBSERVE || mode == VT_LINK_MODE_OFF)
        vt_link_assume_mode(agent->link, mode);
    vt_link_set_mode_func(agent->link, on_mode, agent);
}

VtAgent *
vt_agent_new(const VtAgentParams *params, VtClock *clock)
{
    VtAgent *agent = g_new0(VtAgent, 1);
    agent->params = *params;
    agent->clock = clock;
    agent->logged.state = agent->reported_state = VT_STATE_START;
    agent->n_ticks_to_report = 1;
    agent->pipeline = make_pipeline(params);
    agent->doubt = vt_doubt_timer_new(on_silence_due, agent);
    agent->wishes = vt_wishes_new(on_silence_due, on_reading_due, agent);
    agent->link = vt_link_new(&params->places, VT_AGENT_PORT_NAME, clock);
    agent->sources =
        vt_sources_new(agent->link, &params->servers, clock, &sources_listener, agent);
    vt_sources_set_host_error(agent->sources, params->host_error_ns);
    agent->clocks = vt_clocks_new(&params->clocks, params->udev, agent->sources, clock);
    begin_role(agent);
    VtHintPlaces hint_places = {
        .link = agent->link,
        .clock = clock,
        .vmclock = vt_clocks_get_vmclock(agent->clocks),
        .rtc = vt_clocks_get_rtc(agent->clocks),
        .udev = params->udev,
        .clocksource_path = params->clocksource_path,
        .watches_sleep = params->watches_sleep,
        .clock_set = params->clock_set,
    };
    agent->hints = vt_hint_list_new(&hint_places, vt_agent_take_hint, agent);

    begin_with_mode(agent);
    agent->tick = vt_tick_new(params->tick_ns, on_tick, agent);
    vt_link_probe(agent->link);
    if (vt_link_get_problem(agent->link) != NULL)
        g_info("no link to the host: %s", vt_link_get_problem(agent->link));
    measure_all(agent);
    return agent;
}

void
vt_agent_free(VtAgent *agent)
{
    if (agent == NULL)
        return;
    vt_tick_free(agent->tick);
    vt_doubt_timer_free(agent->doubt);
    vt_wishes_free(agent->wishes);
    vt_hint_list_free(agent->hints);
    vt_sources_free(agent->sources);
    vt_clocks_free(agent->clocks);
    if (vt_authority_can_correct(agent->authority))
        leave(agent);
    vt_authority_free(agent->authority);
    vt_link_free(agent->link);
    vt_pipeline_free(agent->pipeline);
    g_free(agent);
}

void
vt_agent_reconfigure(VtAgent *agent, const VtAgentChange *change)
{
    vt_authority_set_setting(agent->authority, change->mode);
    vt_sources_set_host_error(agent->sources, change->host_error_ns);
    vt_sources_set_servers(agent->sources, &change->servers);
}

void
vt_agent_on_port_signal(VtAgent *agent)
{
    vt_link_probe(agent->link);
}

VtAgentView
vt_agent_look(VtAgent *agent)
{
    VtInstant now = vt_clock_read(agent->clock);
    VtPipelineStatus status = vt_pipeline_get_status(agent->pipeline, now);
    bool is_link_missed = !vt_link_is_missing(agent->link) || !status.has_reference;
    const char *link_problem = is_link_missed ? vt_link_get_problem(agent->link) : NULL;
    const char *problem = vt_authority_get_problem(agent->authority);
    status.n_disruptions = count_disruptions(agent, now);

    return (VtAgentView){
        .status = status,
        .last_disruption = agent->disruptions.last,
        .last_recalled = vt_agent_memory_get_last(agent->params.memory),
        .wall_now = now.wall,
        .raw_now = now.raw,
        .link_state = vt_link_get_state(agent->link),
        .mode = vt_authority_get_mode(agent->authority),
        .authority = vt_authority_look(agent->authority),
        .reference = status.has_reference ? vt_sources_get_name(agent->sources) : "",
        .reference_id = vt_sources_get_reference_id(agent->sources),
        .problem = problem != NULL        ? problem
                   : link_problem != NULL ? link_problem
                                          : "",
        .updates = agent->updates,
        .can_correct = vt_authority_can_correct(agent->authority),
        .synchronised = vt_authority_is_synchronised(agent->authority, &status),
    };
}

GVariant *
vt_agent_get_journal(VtAgent *agent, unsigned n_most)
{
    return vt_agent_memory_get_journal(agent->params.memory, n_most);
}

VtSources *
vt_agent_get_sources(VtAgent *agent)
{
    return agent->sources;
}

GVariant *
vt_agent_get_clocks(VtAgent *agent)
{
    return vt_clocks_to_variant(agent->clocks, vt_clock_read(agent->clock));
}
