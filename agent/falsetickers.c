/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/falsetickers.h"

#include "agent/source.h"

static void
tell(const VtSource *source, const VtStanding *standing)
{
    g_autofree char *apart = vt_ns_format_offset(standing->apart_ns);
    if (standing->is_false)
        g_message("'%s' is not believed: %s (%s)", vt_source_get_name(source),
                  vt_agreement_guess(standing->apart_ns), apart);
    else
        g_message("'%s' is believed again", vt_source_get_name(source));
}

void
vt_falsetickers_judge(const GPtrArray *sources,
                      VtMono raw_calm_at,
                      VtMono raw_now,
                      bool is_calm)
{
    g_autofree VtOpinion *opinions = g_new0(VtOpinion, sources->len);
    g_autofree VtStanding *standings = g_new0(VtStanding, sources->len);

    for (guint i = 0; i < sources->len; i++) {
        opinions[i] = vt_source_get_opinion(sources->pdata[i], raw_calm_at);
        standings[i] = *vt_source_get_standing(sources->pdata[i]);
    }
    (void)vt_agreement_judge(opinions, standings, sources->len, raw_now); /* told below */
    for (guint i = 0; i < sources->len; i++) {
        VtStanding *standing = vt_source_get_standing(sources->pdata[i]);
        bool has_changed = standing->is_false != standings[i].is_false;
        if (!is_calm)
            standings[i].n_good = MIN(standings[i].n_good, standing->n_good);
        *standing = standings[i];
        if (has_changed)
            tell(sources->pdata[i], standing);
    }
}
