/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/host-facts.h"

#include <inttypes.h>

#include "ctl/facts.h"
#include "ctl/table.h"

static void
append_ntp(GVariant *facts, GString *output)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(facts, "ntp", G_VARIANT_TYPE("aa{sv}"));
    size_t n_addresses = list != NULL ? g_variant_n_children(list) : 0;

    if (n_addresses == 0)
        vt_table_append_fact(output, "NTP", "none");
    for (size_t i = 0; i < n_addresses; i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
        g_autofree char *address = vt_facts_format_text(entry, "address", "unknown");
        g_autofree char *problem = vt_facts_format_text(entry, "problem", "");
        bool is_flooded = vt_facts_get_flag(entry, "flooded");
        vt_table_append_fact(output, "NTP", "%s%s%s%s", address, is_flooded ? " (flooded)" : "",
                             *problem != '\0' ? ": " : "", problem);
    }
}

static void
append_cards(GVariant *facts, GString *output)
{
    g_autoptr(GVariant) list =
        g_variant_lookup_value(facts, "ntp-cards", G_VARIANT_TYPE("aa{sv}"));
    size_t n_cards = list != NULL ? g_variant_n_children(list) : 0;

    for (size_t i = 0; i < n_cards; i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
        g_autofree char *interface = vt_facts_format_text(entry, "interface", "unknown");
        g_autofree char *problem = vt_facts_format_text(entry, "problem", "");
        bool receives = vt_facts_get_flag(entry, "receive");
        bool sends = vt_facts_get_flag(entry, "transmit");
        const char *stamps = receives && sends ? "received, sent"
                             : receives        ? "received"
                             : sends           ? "sent"
                                               : "nothing";
        vt_table_append_fact(output, "Card stamps", "%s: %s%s%s", interface, stamps,
                             *problem != '\0' ? ": " : "", problem);
    }
}

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
    append_ntp(facts, output);
    append_cards(facts, output);
    if (vt_facts_get_flag(facts, "frozen"))
        vt_table_append_fact(output, "Frozen", "yes: no guest is told to step");
    vt_table_append_fact(output, "Guests", "%" PRId64, vt_facts_get_int(facts, "guests"));
}
