/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/source-facts.h"

#include "ctl/facts.h"

static const struct {
    const char *sign;
    VtStyle style;
} states[] = {
    { "*", VT_STYLE_GOOD }, { "+", VT_STYLE_GOOD },  { "-", VT_STYLE_PLAIN },
    { "x", VT_STYLE_BAD },  { "~", VT_STYLE_DOUBT }, { "?", VT_STYLE_DOUBT },
};

const char *
vt_source_facts_get_kind_sign(GVariant *source)
{
    const char *kind = "";

    (void)g_variant_lookup(source, "kind", "&s", &kind); /* absent: of no kind */
    return g_str_equal(kind, "server") || g_str_equal(kind, "pool") ? "^" : "#";
}

const char *
vt_source_facts_get_state_sign(GVariant *source)
{
    const char *sign = "";

    (void)g_variant_lookup(source, "sign", "&s", &sign); /* absent: see below */
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        if (g_str_equal(states[i].sign, sign))
            return states[i].sign;
    }
    return "?";
}

VtStyle
vt_source_facts_get_style(GVariant *source)
{
    const char *sign = vt_source_facts_get_state_sign(source);

    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        if (g_str_equal(states[i].sign, sign))
            return states[i].style;
    }
    g_assert_not_reached();
}

bool
vt_source_facts_is_measured(GVariant *source)
{
    return vt_facts_get_int(source, "last-reading-age-ns") >= 0 &&
           vt_facts_get_int(source, "readings") > 0;
}

char *
vt_source_facts_dup_problem(GVariant *source)
{
    gboolean is_online = TRUE;

    (void)g_variant_lookup(source, "online", "b", &is_online); /* absent: it is */
    if (!is_online)
        return g_strdup("offline");
    return vt_facts_format_text(source, "problem", "");
}
