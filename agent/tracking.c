/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tracking.h"

#include "agent/journal.h"

static const char *
link_name(VtLinkState state)
{
    switch (state) {
    case VT_LINK_STATE_NO_PORT:
        return "no-port";
    case VT_LINK_STATE_CLOSED:
    case VT_LINK_STATE_OPEN:
        return "closed";
    case VT_LINK_STATE_UP:
        return "up";
    }
    g_assert_not_reached();
}

/* Of this clock: one more than its reference's; 0 while there is none to count from. */
static guint32
own_stratum(const VtPipelineStatus *status)
{
    if (!status->has_reference || status->stratum == 0 || status->stratum >= 15)
        return 0;
    return status->stratum + 1u;
}

static VtNs
reading_age(const VtAgentView *view)
{
    if (view->status.n_readings == 0)
        return -1;
    return vt_mono_diff(view->raw_now, view->status.raw_last_reading_at);
}

/* When the reference was read last, by this clock; 0: never. */
static VtNs
reference_time(const VtAgentView *view)
{
    VtNs age_ns = reading_age(view);
    return age_ns >= 0 ? vt_wall_add(view->wall_now, -age_ns).ns : 0;
}

static GVariant *
disruption_to_variant(const VtDisruptionRecord *record, VtMono raw_now)
{
    g_auto(GVariantDict) dict;
    const VtOutcome *outcome = &record->outcome;

    g_variant_dict_init(&dict, NULL);
    if (!record->exists)
        return g_variant_dict_end(&dict);
    g_variant_dict_insert(&dict, "cause", "s", vt_link_cause_name(record->cause));
    g_variant_dict_insert(&dict, "hint", "s", record->hint_name);
    g_variant_dict_insert(&dict, "action", "s", vt_link_action_name(record->action));
    g_variant_dict_insert(&dict, "refusal", "s", vt_refusal_text(outcome->refusal));
    g_variant_dict_insert(&dict, "offset-ns", "x", outcome->offset_ns);
    g_variant_dict_insert(&dict, "residual-ns", "x", outcome->residual_ns);
    g_variant_dict_insert(&dict, "error-ns", "x", outcome->error_ns);
    g_variant_dict_insert(&dict, "duration-ns", "x",
                          vt_mono_diff(outcome->raw_corrected_at, outcome->raw_first_hint_at));
    g_variant_dict_insert(&dict, "age-ns", "x", vt_mono_diff(raw_now, record->raw_closed_at));
    return g_variant_dict_end(&dict);
}

/* Of this run if there was one, else of an earlier one. */
static GVariant *
last_to_variant(const VtAgentView *view)
{
    if (view->last_disruption.exists)
        return disruption_to_variant(&view->last_disruption, view->raw_now);
    return vt_agent_journal_recall(view->last_recalled, view->wall_now);
}

static void
insert_status(GVariantDict *dict, const VtPipelineStatus *status)
{
    g_variant_dict_insert(dict, "state", "s", vt_state_name(status->state));
    g_variant_dict_insert(dict, "has-reference", "b", status->has_reference);
    g_variant_dict_insert(dict, "stratum", "u", own_stratum(status));
    g_variant_dict_insert(dict, "offset-ns", "x", status->offset_ns);
    g_variant_dict_insert(dict, "error-ns", "x", status->error_ns);
    g_variant_dict_insert(dict, "host-error-ns", "x", status->host_error_ns);
    g_variant_dict_insert(dict, "rate-ppb", "d", status->rate_ppb);
    g_variant_dict_insert(dict, "rate-sigma-ppb", "d", status->rate_sigma_ppb);
    g_variant_dict_insert(dict, "delay-ns", "x", status->delay_ns);
    g_variant_dict_insert(dict, "root-distance-ns", "x", status->root_distance_ns);
    g_variant_dict_insert(dict, "readings", "t", status->n_readings);
    g_variant_dict_insert(dict, "rejected", "t", status->n_rejected);
    g_variant_dict_insert(dict, "spikes", "t", status->n_spikes);
    g_variant_dict_insert(dict, "disruptions", "t", status->n_disruptions);
}

static void
insert_authority(GVariantDict *dict, const VtAuthorityView *authority)
{
    g_variant_dict_insert(dict, "role", "s", vt_role_name(authority->role));
    g_variant_dict_insert(dict, "clock-owner", "s", authority->owner->name);
    g_variant_dict_insert(dict, "clock-owner-pid", "u", (guint32)authority->owner->pid);
    g_variant_dict_insert(dict, "clock-owner-told", "s", authority->told);
    g_variant_dict_insert(dict, "clock-setters", "s", authority->writers);
}

static void
insert_updates(GVariantDict *dict, const VtUpdates *updates)
{
    g_variant_dict_insert(dict, "reference-synchronised", "b",
                          updates->is_reference_synchronised);
    g_variant_dict_insert(dict, "leap", "u", (guint32)updates->leap);
    g_variant_dict_insert(dict, "last-offset-ns", "x", updates->last_offset_ns);
    g_variant_dict_insert(dict, "rms-offset-ns", "x", vt_updates_get_rms(updates));
    g_variant_dict_insert(dict, "root-delay-ns", "x", updates->root_delay_ns);
    g_variant_dict_insert(dict, "root-dispersion-ns", "x", updates->root_dispersion_ns);
    g_variant_dict_insert(dict, "update-interval-ns", "x", updates->interval_ns);
}

GVariant *
vt_tracking_to_variant(const VtAgentView *view)
{
    g_auto(GVariantDict) dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "version", "s", VT_VERSION);
    g_variant_dict_insert(&dict, "mode", "s", vt_link_mode_name(view->mode));
    insert_authority(&dict, &view->authority);
    g_variant_dict_insert(&dict, "reference", "s", view->reference);
    g_variant_dict_insert(&dict, "reference-id", "u", view->reference_id);
    g_variant_dict_insert(&dict, "synchronised", "b", view->synchronised);
    insert_updates(&dict, &view->updates);
    g_variant_dict_insert(&dict, "can-correct", "b", view->can_correct);
    g_variant_dict_insert(&dict, "problem", "s", view->problem);
    g_variant_dict_insert(&dict, "last-reading-age-ns", "x", reading_age(view));
    g_variant_dict_insert(&dict, "reference-time-ns", "x", reference_time(view));
    g_variant_dict_insert(&dict, "link", "s", link_name(view->link_state));
    insert_status(&dict, &view->status);
    g_variant_dict_insert_value(&dict, "last-disruption", last_to_variant(view));
    return g_variant_dict_end(&dict);
}
