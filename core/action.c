/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/action.h"

static const char *const refusal_texts[] = {
    [VT_REFUSAL_NONE] = "",
    [VT_REFUSAL_OBSERVE] = "observing only, nothing is corrected",
    [VT_REFUSAL_BACKWARD] = "backward step not announced",
    [VT_REFUSAL_NO_WITNESS] = "more than a day forward without a second witness",
    [VT_REFUSAL_BEFORE_BUILD] = "the result would lie before this program was built",
};
G_STATIC_ASSERT(G_N_ELEMENTS(refusal_texts) == VT_N_REFUSALS);

const char *
vt_refusal_text(VtRefusal refusal)
{
    return (unsigned)refusal < VT_N_REFUSALS ? refusal_texts[refusal] : "";
}
