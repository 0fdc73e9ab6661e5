/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a domain's XML, in which names and metadata are a tenant's. What is read is within the
 * ranges that the header promises; what is refused leaves nothing behind.
 */
#include "hostd/domain-xml.h"
#include "proto/link-words.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    char *xml = n_bytes > 0 ? g_strndup((const char *)bytes, n_bytes) : g_strdup("");
    VtDomainXml domain = { .adjustment_sec = 4711 };
    GError *error = NULL;

    if (vt_domain_xml_parse(xml, &domain, &error)) {
        g_assert(error == NULL);
        g_assert(domain.has_channel || domain.channel_path == NULL);
        g_assert(domain.has_channel || !domain.is_guest_connected);
        g_assert(domain.has_mode || domain.mode == VT_LINK_MODE_INVALID);
        g_assert(domain.mode < VT_LINK_N_MODES);
        g_assert(domain.clock <= VT_DOMAIN_CLOCK_ABSOLUTE);
        g_assert(domain.adjustment_sec > INT64_MIN);
        g_assert(domain.macs.n_macs <= VT_DOMAIN_MOST_MACS);
        vt_domain_xml_clear(&domain);
        g_assert(domain.channel_path == NULL);
    } else {
        g_assert(error != NULL);
        g_assert(domain.adjustment_sec == 4711);
        g_assert(domain.channel_path == NULL);
    }
    g_clear_error(&error);
    g_free(xml);
    return 0;
}
