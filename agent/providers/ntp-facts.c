/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-facts.h"

#include "agent/providers/ntp-reading.h"

void
vt_ntp_facts_note_reading(VtNtpFacts *facts, const VtReading *reading)
{
    VtNs up_ns = vt_wall_diff(reading->reference_received_at, reading->sent.wall);
    VtNs down_ns = vt_wall_diff(reading->reference_sent_at, reading->received.wall);
    VtNs bracket_ns = vt_mono_diff(reading->received.raw, reading->sent.raw);
    facts->offset_ns = vt_ns_add(up_ns / 2, down_ns / 2);
    facts->response_ns =
        vt_wall_diff(reading->reference_sent_at, reading->reference_received_at);
    facts->delay_ns = vt_ns_max(vt_ns_sub(bracket_ns, facts->response_ns), 1);
    facts->dispersion_ns = reading->precision_ns;
}

char *
vt_ntp_facts_format_tests(const VtNtpFacts *facts)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < VT_NTP_N_TESTS; i++) {
        if (i == VT_NTP_TEST_AUTHENTIC || i == VT_NTP_TEST_SHORT_DELAY)
            g_string_append_c(text, ' ');
        bool has_passed = facts->has_reply && (facts->failed_tests >> i & 1) == 0;
        g_string_append_c(text, has_passed ? '1' : '0');
    }
    return g_string_free(text, FALSE);
}

static const char *
name_stamper(bool is_kernel)
{
    return is_kernel ? "kernel" : "daemon";
}

static void
insert_reply(const VtNtpPacket *reply, GVariantDict *dict)
{
    VtWall reference_at = vt_ntp_stamp_to_wall(reply->reference, vt_ntp_reading_pivot());
    g_variant_dict_insert(dict, "leap", "u", (guint32)reply->leap);
    g_variant_dict_insert(dict, "version", "u", (guint32)reply->version);
    g_variant_dict_insert(dict, "mode", "u", (guint32)reply->mode);
    g_variant_dict_insert(dict, "stratum", "u", (guint32)reply->stratum);
    g_variant_dict_insert(dict, "poll", "i", (gint32)reply->poll_log2_sec);
    g_variant_dict_insert(dict, "precision", "i", (gint32)reply->precision_log2_sec);
    g_variant_dict_insert(dict, "root-delay-ns", "x", vt_ntp_short_to_ns(reply->root_delay));
    g_variant_dict_insert(dict, "root-dispersion-ns", "x",
                          vt_ntp_short_to_ns(reply->root_dispersion));
    g_variant_dict_insert(dict, "reference-id", "u", reply->reference_id);
    g_variant_dict_insert(dict, "reference-time-ns", "x",
                          reply->reference != 0 ? reference_at.ns : 0);
}

void
vt_ntp_facts_insert(const VtNtpFacts *facts, GVariantDict *dict)
{
    g_autofree char *tests = vt_ntp_facts_format_tests(facts);
    g_variant_dict_insert(dict, "has-reply", "b", facts->has_reply);
    insert_reply(&facts->reply, dict);
    g_variant_dict_insert(dict, "offset-ns", "x", facts->offset_ns);
    g_variant_dict_insert(dict, "peer-delay-ns", "x", facts->delay_ns);
    g_variant_dict_insert(dict, "peer-dispersion-ns", "x", facts->dispersion_ns);
    g_variant_dict_insert(dict, "response-time-ns", "x", facts->response_ns);
    g_variant_dict_insert(dict, "tests", "s", tests);
    g_variant_dict_insert(dict, "interleaved", "b", facts->is_interleaved);
    g_variant_dict_insert(dict, "authenticated", "b", facts->is_authenticated);
    g_variant_dict_insert(dict, "tx-timestamping", "s", name_stamper(facts->is_sent_by_kernel));
    g_variant_dict_insert(dict, "rx-timestamping", "s",
                          name_stamper(facts->is_received_by_kernel));
    g_variant_dict_insert(dict, "total-tx", "t", facts->n_sent);
    g_variant_dict_insert(dict, "total-rx", "t", facts->n_received);
    g_variant_dict_insert(dict, "total-valid", "t", facts->n_valid);
}
