/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/host-facts.h"

#include <inttypes.h>

#include "ctl/facts.h"
#include "ctl/table.h"

void
vt_host_facts_append_to(GVariant *facts, GString *output)
{
    g_autofree char *uri = vt_facts_format_text(facts, "uri", "unknown");
    g_autofree char *libvirt = vt_facts_format_text(facts, "libvirt", "unknown");
    g_autofree char *error_bound = vt_facts_format_span(facts, "host-error-ns");
    bool synchronised = vt_facts_get_flag(facts, "host-synchronised");

    vt_table_append_fact(output, "Host", "%s", uri);
    vt_table_append_fact(output, "Libvirt", "%s", libvirt);
    vt_table_append_fact(output, "Synchronised", "%s", synchronised ? "yes" : "no");
    if (synchronised)
        vt_table_append_fact(output, "Error bound", "%s", error_bound);
    vt_table_append_fact(output, "Guests", "%" PRId64, vt_facts_get_int(facts, "guests"));
}
