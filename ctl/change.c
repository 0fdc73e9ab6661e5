/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/change.h"

#include "ctl/json.h"

char *
vt_change_run(const VtRequest *request,
              const VtCall *call,
              const char *key,
              const char *words,
              GError **error)
{
    g_autoptr(GVariant) answer = vt_session_call(request->session, call, error);
    GVariantDict dict;

    if (answer == NULL)
        return NULL;
    if (!request->json)
        return g_strconcat(words, "\n", NULL);
    g_variant_dict_init(&dict, NULL);
    if (request->word != NULL)
        g_variant_dict_insert(&dict, key, "s", request->word);
    else
        g_variant_dict_insert(&dict, key, "b", TRUE);
    g_autoptr(GVariant) facts = g_variant_ref_sink(g_variant_dict_end(&dict));
    return vt_json_from_answer(facts);
}
