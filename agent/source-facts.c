/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/source-facts.h"

#include "agent/providers/ntp.h"
#include "agent/source-private.h"
#include "core/asymmetry.h"

static char *
dup_address(const VtSource *source)
{
    char *address = source->source_class == VT_SOURCE_SERVER
                        ? vt_provider_ntp_dup_address(&source->provider)
                        : NULL;
    return address != NULL ? address : g_strdup("");
}

static const char *
get_problem(const VtSource *source)
{
    if (source->is_absent)
        return "its device is gone";
    if (source->is_unsmeared)
        return "it announces a leap second, so it does not smear";
    if (source->standing.is_false)
        return vt_agreement_guess(source->standing.apart_ns);
    if (source->source_class != VT_SOURCE_SERVER && source->link == NULL)
        return vt_provider_describe(&source->provider).problem;
    const char *problem = source->link != NULL ? vt_link_get_problem(source->link)
                                               : vt_provider_ntp_get_problem(&source->provider);
    if (problem == NULL && source->link != NULL &&
        vt_link_get_state(source->link) != VT_LINK_STATE_UP)
        problem = "the link is not up";
    return problem != NULL ? problem : "";
}

/* As of now: what was read then is compared with what the clock shows since. */
static VtNs
as_offset(VtNs raw_offset_ns, VtInstant now)
{
    return vt_ns_sub(raw_offset_ns, vt_ns_sub(now.wall.ns, now.raw.ns));
}

static void
insert_last(const VtSource *source, GVariantDict *dict, VtInstant now)
{
    const VtSample *last = &source->record.last;
    bool has_last = source->record.has_last;
    VtNs age_ns = has_last ? vt_mono_diff(now.raw, last->raw_at) : -1;

    g_variant_dict_insert(dict, "synchronised", "b", has_last && last->reference_synchronised);
    g_variant_dict_insert(dict, "offset-ns", "x",
                          has_last ? as_offset(last->raw_offset_ns, now) : 0);
    g_variant_dict_insert(dict, "measured-offset-ns", "x", last->offset_ns);
    g_variant_dict_insert(dict, "error-ns", "x", last->error_ns);
    g_variant_dict_insert(dict, "delay-ns", "x", last->delay_ns);
    g_variant_dict_insert(dict, "root-distance-ns", "x", last->root_distance_ns);
    g_variant_dict_insert(dict, "stratum", "u", (guint32)last->stratum);
    g_variant_dict_insert(dict, "last-reading-age-ns", "x", age_ns);
}

static void
insert_stats(const VtSource *source, GVariantDict *dict, VtInstant now)
{
    double assumed_ppb = source->owner->rate_ppb;
    VtSourceFit fit = vt_source_stats_fit(&source->stats, assumed_ppb);
    VtNs raw_offset_ns = vt_source_fit_predict(&fit, now.raw);
    bool has_any = fit.n_samples > 0;

    g_variant_dict_insert(dict, "samples", "u", (guint32)fit.n_samples);
    g_variant_dict_insert(dict, "runs", "u", (guint32)fit.n_runs);
    g_variant_dict_insert(dict, "span-ns", "x", fit.span_ns);
    g_variant_dict_insert(dict, "rate-ppb", "d", fit.rate_ppb - assumed_ppb);
    g_variant_dict_insert(dict, "skew-ppb", "d", fit.skew_ppb);
    g_variant_dict_insert(dict, "mean-offset-ns", "x",
                          has_any ? as_offset(raw_offset_ns, now) : 0);
    g_variant_dict_insert(dict, "deviation-ns", "x", vt_ns_from_double(fit.sigma_ns));
}

static void
insert_selection(const VtSource *source, GVariantDict *dict, VtInstant now)
{
    VtOpinion opinion = vt_source_get_opinion(source, (VtMono){ 0 });
    VtNs offset_ns = as_offset(opinion.raw_offset_ns, now);
    bool has_last = source->record.has_last;
    VtNs distance_ns = vt_source_record_get_distance(&source->record, now.raw);
    const char sign[] = { vt_source_state_sign(source->state), '\0' };

    g_variant_dict_insert(dict, "sign", "s", sign);
    g_variant_dict_insert(dict, "prefer", "b", source->is_preferred);
    g_variant_dict_insert(dict, "trust", "b", source->is_trusted);
    g_variant_dict_insert(dict, "require", "b", source->is_required);
    g_variant_dict_insert(dict, "distance-ns", "x", has_last ? distance_ns : 0);
    g_variant_dict_insert(dict, "least-offset-ns", "x",
                          has_last ? vt_ns_sub(offset_ns, opinion.error_ns) : 0);
    g_variant_dict_insert(dict, "greatest-offset-ns", "x",
                          has_last ? vt_ns_add(offset_ns, opinion.error_ns) : 0);
    g_variant_dict_insert(dict, "leap", "u", (guint32)source->record.last.leap);
}

GVariant *
vt_source_to_variant(const VtSource *source, bool is_selected, VtInstant now)
{
    g_auto(GVariantDict) dict;
    g_autofree char *address = dup_address(source);

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "name", "s", source->name);
    g_variant_dict_insert(&dict, "kind", "s", source->kind);
    g_variant_dict_insert(&dict, "address", "s", address);
    g_variant_dict_insert(&dict, "usable", "b", vt_source_is_usable(source, false));
    g_variant_dict_insert(&dict, "selected", "b", is_selected);
    g_variant_dict_insert(&dict, "reachability", "u", (guint32)source->record.reach);
    g_variant_dict_insert(&dict, "readings", "t", source->record.n_readings);
    g_variant_dict_insert(&dict, "failures", "t", source->record.n_failures);
    g_variant_dict_insert(&dict, "problem", "s", get_problem(source));
    g_variant_dict_insert(&dict, "online", "b", !source->is_offline);
    g_variant_dict_insert(&dict, "poll", "i", vt_poll_get_log2_sec(&source->poll));
    insert_last(source, &dict, now);
    insert_stats(source, &dict, now);
    insert_selection(source, &dict, now);
    return g_variant_dict_end(&dict);
}

GVariant *
vt_source_ntp_to_variant(const VtSource *source, VtInstant now)
{
    if (source->source_class != VT_SOURCE_SERVER)
        return NULL;

    g_auto(GVariantDict) dict;
    g_autofree char *address = dup_address(source);
    const VtSample *last = &source->record.last;
    VtNs age_ns = source->record.has_last ? vt_mono_diff(now.raw, last->raw_at) : -1;
    VtNtpFacts facts = vt_provider_ntp_get_facts(&source->provider);
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "name", "s", source->name);
    g_variant_dict_insert(&dict, "address", "s", address);
    g_variant_dict_insert(&dict, "last-reading-age-ns", "x", age_ns);
    vt_ntp_facts_insert(&facts, &dict);
    VtSourceFit fit = vt_source_stats_fit(&source->stats, source->owner->rate_ppb);
    g_variant_dict_insert(&dict, "jitter-asymmetry", "d",
                          vt_asymmetry_estimate(&source->stats, &fit));
    return g_variant_dict_end(&dict);
}
