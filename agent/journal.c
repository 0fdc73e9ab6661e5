/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/journal.h"

#include <inttypes.h>

static void
insert_moment(GVariantDict *dict, const VtJournalMoment *moment)
{
    g_autofree char *at = vt_wall_format(moment->wall_at);

    g_variant_dict_insert(dict, "at", "s", at);
    g_variant_dict_insert(dict, "number", "t", moment->number);
    g_variant_dict_insert(dict, "wall-ns", "x", moment->wall_at.ns);
    g_variant_dict_insert(dict, "boot-ns", "x", moment->boot_at.ns);
    g_variant_dict_insert(dict, "reference", "s", moment->reference);
}

GVariant *
vt_agent_journal_compose(const VtDisruptionRecord *record, const VtJournalMoment *moment)
{
    g_auto(GVariantDict) dict;
    const VtOutcome *outcome = &record->outcome;
    VtNs exposure_ns = vt_mono_diff(outcome->raw_corrected_at, outcome->raw_first_hint_at);

    g_variant_dict_init(&dict, NULL);
    insert_moment(&dict, moment);
    g_variant_dict_insert(&dict, "cause", "s", vt_link_cause_name(record->cause));
    g_variant_dict_insert(&dict, "hint", "s", record->hint_name);
    g_variant_dict_insert(&dict, "signs", "s", moment->signs);
    g_variant_dict_insert(&dict, "action", "s", vt_link_action_name(record->action));
    g_variant_dict_insert(&dict, "refusal", "s", vt_refusal_text(outcome->refusal));
    g_variant_dict_insert(&dict, "offset-ns", "x", outcome->offset_ns);
    g_variant_dict_insert(&dict, "residual-ns", "x", outcome->residual_ns);
    g_variant_dict_insert(&dict, "error-ns", "x", outcome->error_ns);
    g_variant_dict_insert(&dict, "exposure-ns", "x", exposure_ns);
    if (record->has_event) {
        g_autofree char *event = g_strdup_printf("%016" PRIx64 "-%" PRIu64,
                                                 record->event.instance, record->event.counter);
        g_variant_dict_insert(&dict, "event", "s", event);
    }
    return g_variant_dict_end(&dict);
}

uint64_t
vt_agent_journal_get_number(GVariant *record)
{
    uint64_t number = 0;
    int64_t read_back = 0;

    if (record == NULL)
        return 0;
    if (g_variant_lookup(record, "number", "x", &read_back))
        return read_back > 0 ? (uint64_t)read_back : 0;
    (void)g_variant_lookup(record, "number", "t", &number); /* absent: 0, as promised */
    return number;
}

static void
copy(GVariantDict *dict, GVariant *record, const char *from, const char *to)
{
    GVariant *value = g_variant_lookup_value(record, from, NULL);
    if (value == NULL)
        return;
    g_variant_dict_insert_value(dict, to, value);
    g_variant_unref(value);
}

GVariant *
vt_agent_journal_recall(GVariant *record, VtWall wall_now)
{
    static const char *const same[] = {
        "cause", "hint", "action", "refusal", "offset-ns", "residual-ns", "error-ns",
    };
    g_auto(GVariantDict) dict;
    VtWall wall_at = { 0 };

    g_variant_dict_init(&dict, NULL);
    if (record == NULL)
        return g_variant_dict_end(&dict);
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
        copy(&dict, record, same[i], same[i]);
    copy(&dict, record, "exposure-ns", "duration-ns");
    if (g_variant_lookup(record, "wall-ns", "x", &wall_at.ns))
        g_variant_dict_insert(&dict, "age-ns", "x",
                              vt_ns_max(0, vt_wall_diff(wall_now, wall_at)));
    return g_variant_dict_end(&dict);
}
