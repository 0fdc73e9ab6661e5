/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/leap.h"
#include "ctl/table.h"

static const char *
name_mode(int64_t mode)
{
    static const char *const names[] = { "Invalid", "Symmetric active", "Symmetric passive",
                                         "Client",  "Server",           "Broadcast",
                                         "Control", "Private" };
    return names[mode & 7];
}

/* "CB00710F (203.0.113.15)", "47505300 (GPS)": a name at stratum 1, else most often an address. */
static char *
format_reference_id(int64_t id, int64_t stratum)
{
    char letters[5] = { 0 };

    for (unsigned i = 0; i < 4; i++) {
        char letter = (char)(id >> (24 - 8 * i));
        letters[i] = g_ascii_isgraph(letter) ? letter : '\0';
    }
    if (stratum <= 1)
        return g_strdup_printf("%08" PRIX64 " (%s)", id, letters);
    return g_strdup_printf("%08" PRIX64 " (%d.%d.%d.%d)", id, (int)(id >> 24) & 0xff,
                           (int)(id >> 16) & 0xff, (int)(id >> 8) & 0xff, (int)id & 0xff);
}

/* "6 (64 seconds)", "-24 (59.60 ns)" */
static void
append_power(GString *output, const char *name, int64_t log2_sec)
{
    VtNs span_ns = vt_ns_from_double(ldexp(1e9, (int)CLAMP(log2_sec, -64, 64)));
    g_autofree char *span = vt_ns_format_span(span_ns);

    if (log2_sec >= 0)
        vt_table_append_fact(output, name, "%" PRId64 " (%.0f seconds)", log2_sec,
                             vt_ns_to_sec(span_ns));
    else
        vt_table_append_fact(output, name, "%" PRId64 " (%s)", log2_sec, span);
}

static void
append_span(GString *output, const char *name, GVariant *data, const char *key)
{
    g_autofree char *span = vt_facts_format_span(data, key);

    vt_table_append_fact(output, name, "%s", span);
}

static void
append_reply(GVariant *data, GString *output)
{
    int64_t stratum = vt_facts_get_int(data, "stratum");
    int64_t reference_ns = vt_facts_get_int(data, "reference-time-ns");
    g_autofree char *id = format_reference_id(vt_facts_get_int(data, "reference-id"), stratum);
    g_autofree char *reference_at = vt_wall_format((VtWall){ .ns = reference_ns });
    g_autofree char *offset = vt_facts_format_offset(data, "offset-ns");

    vt_table_append_fact(output, "Leap status", "%s",
                         vt_leap_get_name(vt_facts_get_int(data, "leap")));
    vt_table_append_fact(output, "Version", "%" PRId64, vt_facts_get_int(data, "version"));
    vt_table_append_fact(output, "Mode", "%s", name_mode(vt_facts_get_int(data, "mode")));
    vt_table_append_fact(output, "Stratum", "%" PRId64, stratum);
    append_power(output, "Poll interval", vt_facts_get_int(data, "poll"));
    append_power(output, "Precision", vt_facts_get_int(data, "precision"));
    append_span(output, "Root delay", data, "root-delay-ns");
    append_span(output, "Root dispersion", data, "root-dispersion-ns");
    vt_table_append_fact(output, "Reference ID", "%s", id);
    vt_table_append_fact(output, "Reference time", "%s",
                         reference_ns != 0 ? reference_at : "unknown");
    vt_table_append_fact(output, "Offset", "%s", offset);
    append_span(output, "Peer delay", data, "peer-delay-ns");
    append_span(output, "Peer dispersion", data, "peer-dispersion-ns");
    append_span(output, "Response time", data, "response-time-ns");
    vt_table_append_fact(output, "Jitter asymmetry", "%+.2f",
                         vt_facts_get_number(data, "jitter-asymmetry"));
}

static void
append_handling(GVariant *data, GString *output)
{
    g_autofree char *tests = vt_facts_format_text(data, "tests", "unknown");
    g_autofree char *tx = vt_facts_format_text(data, "tx-timestamping", "unknown");
    g_autofree char *rx = vt_facts_format_text(data, "rx-timestamping", "unknown");

    vt_table_append_fact(output, "NTP tests", "%s", tests);
    vt_table_append_fact(output, "Interleaved", "%s",
                         vt_facts_get_flag(data, "interleaved") ? "Yes" : "No");
    vt_table_append_fact(output, "Authenticated", "%s",
                         vt_facts_get_flag(data, "authenticated") ? "Yes" : "No");
    vt_table_append_fact(output, "TX timestamping", "%s", tx);
    vt_table_append_fact(output, "RX timestamping", "%s", rx);
}

static void
append_data(GVariant *data, GString *output)
{
    g_autofree char *name = vt_facts_format_text(data, "name", "unknown");
    g_autofree char *address = vt_facts_format_text(data, "address", "unknown");

    vt_table_append_fact(output, "Name", "%s", name);
    vt_table_append_fact(output, "Remote address", "%s", address);
    if (vt_facts_get_flag(data, "has-reply")) {
        append_reply(data, output);
        append_handling(data, output);
    } else {
        vt_table_append_fact(output, "Last reply", "none yet");
    }
    vt_table_append_fact(output, "Total TX", "%" PRId64, vt_facts_get_int(data, "total-tx"));
    vt_table_append_fact(output, "Total RX", "%" PRId64, vt_facts_get_int(data, "total-rx"));
    vt_table_append_fact(output, "Total valid RX", "%" PRId64,
                         vt_facts_get_int(data, "total-valid"));
}

static char *
format_data(GVariant *list)
{
    GString *output = g_string_new(NULL);

    for (size_t i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) data = g_variant_get_child_value(list, i);
        g_string_append(output, i > 0 ? "\n" : "");
        append_data(data, output);
    }
    if (output->len == 0)
        g_string_append(output, "No NTP server is asked.\n");
    return g_string_free(output, FALSE);
}

static char *
run_ntpdata(const VtRequest *request, GError **error)
{
    VtCall call = { .method = "GetNtpData", .type = "aa{sv}" };

    call.arguments = g_variant_new("(s)", request->word != NULL ? request->word : "");
    g_autoptr(GVariant) list = vt_session_call(request->session, &call, error);
    if (list == NULL)
        return NULL;
    if (request->word != NULL && g_variant_n_children(list) == 0) {
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                    "no NTP server has the name or address '%s': see 'virt-timectl sources'",
                    request->word);
        return NULL;
    }
    return request->json ? vt_json_from_answer(list) : format_data(list);
}

const VtCommand vt_command_ntpdata = {
    .name = "ntpdata",
    .side = VT_SIDE_AGENT,
    .word = "[SOURCE]",
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show the last exchange with each NTP server, or with one",
    .help =
        "Shows the fields of the last reply of each NTP server, or of the one of that name or\n"
        "address, and what was made of it.\n"
        "\n"
        "  Offset           server minus this clock when the reply came\n"
        "  Peer delay       round trip, the server's part left out\n"
        "  Response time    the server's part\n"
        "  NTP tests        1: passed. Not a copy, an answer to the request, has its times;\n"
        "                   authentic, synchronised, root distance good; round trip short\n"
        "                   enough, in order, held no longer than the round trip, no loop\n"
        "  TX timestamping  who stamped the request: kernel, or the agent itself\n",
    .run = run_ntpdata,
};
