/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/provider.h"

bool
vt_provider_is_usable(const VtProvider *provider)
{
    return provider->kind != NULL && provider->kind->is_usable(provider->instance);
}

void
vt_provider_begin(VtProvider *provider)
{
    provider->kind->begin(provider->instance);
}

VtProviderFacts
vt_provider_describe(const VtProvider *provider)
{
    VtProviderFacts facts = { .method = "", .problem = "", .remark = "", .cost_ns = -1 };
    if (provider->kind != NULL && provider->kind->describe != NULL)
        provider->kind->describe(provider->instance, &facts);
    return facts;
}

void
vt_provider_clear(VtProvider *provider)
{
    if (provider->kind != NULL)
        provider->kind->free(provider->instance);
    *provider = (VtProvider){ 0 };
}
