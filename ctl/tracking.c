/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <math.h>

#include "base/units.h"
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/host-facts.h"
#include "ctl/json.h"
#include "ctl/leap.h"
#include "ctl/style.h"
#include "ctl/table.h"

#define PPB_PER_PPM 1000.0

/* Offsets are reference minus local: a positive one means that this clock is behind. */
static const char *
name_direction(bool behind)
{
    return behind ? "slow" : "fast";
}

static const char *
describe_synchronisation(GVariant *facts)
{
    if (vt_facts_get_flag(facts, "synchronised"))
        return "yes";
    if (vt_facts_get_flag(facts, "has-reference") &&
        !vt_facts_get_flag(facts, "reference-synchronised"))
        return "no: against the host only, which is not synchronised itself";
    return "no";
}

/* As chronyc does it. */
static char *
format_reference_time(GVariant *facts)
{
    int64_t at_ns = vt_facts_get_int(facts, "reference-time-ns");
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ns / VT_NS_PER_SEC);

    return at_ns != 0 && at != NULL ? g_date_time_format(at, "%a %b %d %H:%M:%S %Y")
                                    : g_strdup("unknown");
}

static void
append_reference(GVariant *facts, GString *output)
{
    g_autofree char *reference = vt_facts_format_text(facts, "reference", "none");
    g_autofree char *reference_time = format_reference_time(facts);
    int64_t stratum = vt_facts_get_int(facts, "stratum");

    vt_table_append_fact(output, "Reference ID", "%s", reference);
    if (stratum > 0)
        vt_table_append_fact(output, "Stratum", "%" PRId64, stratum);
    else
        vt_table_append_fact(output, "Stratum", "unknown");
    vt_table_append_fact(output, "Ref time (UTC)", "%s", reference_time);
}

static void
append_offset(GVariant *facts, GString *output)
{
    int64_t offset_ns = vt_facts_get_int(facts, "offset-ns");
    int64_t size_ns = vt_ns_abs(offset_ns);

    vt_table_append_fact(
        output, "System time", "%" PRId64 ".%09" PRId64 " seconds %s of reference",
        size_ns / VT_NS_PER_SEC, size_ns % VT_NS_PER_SEC, name_direction(offset_ns >= 0));
}

static void
append_updates(GVariant *facts, GString *output)
{
    int64_t last_ns = vt_facts_get_int(facts, "last-offset-ns");
    int64_t rms_ns = vt_facts_get_int(facts, "rms-offset-ns");
    int64_t size_ns = vt_ns_abs(last_ns);

    vt_table_append_fact(output, "Last offset", "%" PRId64 ".%09" PRId64 " seconds %s",
                         size_ns / VT_NS_PER_SEC, size_ns % VT_NS_PER_SEC,
                         name_direction(last_ns >= 0));
    vt_table_append_fact(output, "RMS offset", "%" PRId64 ".%09" PRId64 " seconds",
                         rms_ns / VT_NS_PER_SEC, rms_ns % VT_NS_PER_SEC);
}

static void
append_root(GVariant *facts, GString *output)
{
    g_autofree char *delay = vt_facts_format_span(facts, "root-delay-ns");
    g_autofree char *dispersion = vt_facts_format_span(facts, "root-dispersion-ns");
    g_autofree char *distance = vt_facts_format_span(facts, "root-distance-ns");
    int64_t interval_ns = vt_facts_get_int(facts, "update-interval-ns");

    vt_table_append_fact(output, "Root delay", "%s", delay);
    vt_table_append_fact(output, "Root dispersion", "%s", dispersion);
    vt_table_append_fact(output, "Root distance", "%s", distance);
    vt_table_append_fact(output, "Update interval", "%.1f seconds", vt_ns_to_sec(interval_ns));
}

static void
append_bound(GVariant *facts, GString *output)
{
    g_autofree char *error_bound = vt_facts_format_span(facts, "error-ns");
    g_autofree char *host_error_bound = vt_facts_format_span(facts, "host-error-ns");

    vt_table_append_fact(output, "Error bound", "%s (%s against the reference)", error_bound,
                         host_error_bound);
}

static void
append_rate(GVariant *facts, GString *output)
{
    double rate_ppb = vt_facts_get_number(facts, "rate-ppb");

    vt_table_append_fact(output, "Frequency", "%.3f ppm %s", fabs(rate_ppb) / PPB_PER_PPM,
                         name_direction(rate_ppb >= 0));
    vt_table_append_fact(output, "Skew", "%.3f ppm",
                         vt_facts_get_number(facts, "rate-sigma-ppb") / PPB_PER_PPM);
}

static void
append_readings(GVariant *facts, GString *output)
{
    g_autofree char *delay = vt_facts_format_span(facts, "delay-ns");
    g_autofree char *age = vt_facts_format_age(facts, "last-reading-age-ns");

    vt_table_append_fact(output, "Last reading", "%s ago, round trip %s", age, delay);
}

static void
append_counters(GVariant *facts, GString *output)
{
    vt_table_append_fact(
        output, "Readings", "%" PRId64 " accepted, %" PRId64 " rejected, %" PRId64 " spikes",
        vt_facts_get_int(facts, "readings"), vt_facts_get_int(facts, "rejected"),
        vt_facts_get_int(facts, "spikes"));
}

static void
append_disruptions(GVariant *facts, GString *output)
{
    g_autoptr(GVariant) last = vt_facts_get_group(facts, "last-disruption");

    vt_table_append_fact(output, "Disruptions", "%" PRId64,
                         vt_facts_get_int(facts, "disruptions"));
    if (!vt_facts_has_entries(last)) {
        vt_table_append_fact(output, "Last disruption", "none");
        return;
    }

    g_autofree char *cause = vt_facts_format_text(last, "cause", "unknown");
    g_autofree char *age = vt_facts_format_age(last, "age-ns");
    g_autofree char *hint = vt_facts_format_text(last, "hint", "unknown");
    g_autofree char *action = vt_facts_format_text(last, "action", "unknown");
    g_autofree char *offset = vt_facts_format_offset(last, "offset-ns");
    g_autofree char *refusal = vt_facts_format_text(last, "refusal", "");
    g_autofree char *duration = vt_facts_format_span(last, "duration-ns");
    g_autofree char *residual = vt_facts_format_offset(last, "residual-ns");
    g_autofree char *error_bound = vt_facts_format_span(last, "error-ns");

    vt_table_append_fact(output, "Last disruption", "%s, %s ago", cause, age);
    vt_table_append_fact(output, "  First hint", "%s", hint);
    vt_table_append_fact(output, "  Offset found", "%s", offset);
    vt_table_append_fact(output, "  Action", "%s, %s after the first hint", action, duration);
    if (*refusal != '\0')
        vt_table_append_fact(output, "  Refused", "%s", refusal);
    vt_table_append_fact(output, "  Residual", "%s +/- %s", residual, error_bound);
}

/* Before the first reading these would be zeros that nobody has measured. */
static void
append_measured(GVariant *facts, GString *output)
{
    bool measured = vt_facts_get_int(facts, "last-reading-age-ns") >= 0 &&
                    vt_facts_get_int(facts, "readings") > 0;

    if (!measured) {
        vt_table_append_fact(output, "System time", "not yet measured");
        return;
    }
    append_offset(facts, output);
    append_updates(facts, output);
    append_rate(facts, output);
    append_root(facts, output);
    append_readings(facts, output);
    append_bound(facts, output);
}

static VtStyle
get_state_style(GVariant *facts)
{
    if (vt_facts_get_flag(facts, "synchronised"))
        return VT_STYLE_GOOD;
    return vt_facts_get_flag(facts, "has-reference") ? VT_STYLE_DOUBT : VT_STYLE_BAD;
}

static void
append_state(GVariant *facts, bool colour, GString *output)
{
    VtStyle style = get_state_style(facts);
    g_autofree char *state = vt_facts_format_text(facts, "state", "unknown");
    g_autofree char *styled_state = vt_style_dup(colour, style, state);
    g_autofree char *synchronised =
        vt_style_dup(colour, style, describe_synchronisation(facts));
    int64_t leap =
        vt_facts_get_flag(facts, "synchronised") ? vt_facts_get_int(facts, "leap") : 3;

    vt_table_append_fact(output, "Leap status", "%s", vt_leap_get_name(leap));
    vt_table_append_fact(output, "Synchronised", "%s", synchronised);
    vt_table_append_fact(output, "State", "%s", styled_state);
}

/* What the agent is to this clock, and who else touches it. */
static void
append_role(GVariant *facts, GString *output)
{
    g_autofree char *role = vt_facts_format_text(facts, "role", "unknown");
    g_autofree char *owner = vt_facts_format_text(facts, "clock-owner", "");
    g_autofree char *told = vt_facts_format_text(facts, "clock-owner-told", "");
    g_autofree char *setters = vt_facts_format_text(facts, "clock-setters", "");
    int64_t pid = vt_facts_get_int(facts, "clock-owner-pid");

    if (pid > 0)
        vt_table_append_fact(output, "Role", "%s; %s (process %" PRId64 ") steers the clock",
                             role, owner, pid);
    else if (*owner != '\0')
        vt_table_append_fact(output, "Role", "%s; %s steers the clock", role, owner);
    else
        vt_table_append_fact(output, "Role", "%s", role);
    if (*told != '\0')
        vt_table_append_fact(output, "Owner is told", "%s", told);
    if (*setters != '\0')
        vt_table_append_fact(output, "May be set by", "%s", setters);
}

static char *
format_tracking(GVariant *facts, bool colour)
{
    GString *output = g_string_new(NULL);
    g_autofree char *mode = vt_facts_format_text(facts, "mode", "unknown");
    g_autofree char *link = vt_facts_format_text(facts, "link", "unknown");
    g_autofree char *problem = vt_facts_format_text(facts, "problem", "none");
    g_autofree char *styled_problem = vt_style_dup(
        colour, g_str_equal(problem, "none") ? VT_STYLE_PLAIN : VT_STYLE_DOUBT, problem);

    append_reference(facts, output);
    append_measured(facts, output);
    append_state(facts, colour, output);
    append_counters(facts, output);
    vt_table_append_fact(output, "Link", "%s", link);
    vt_table_append_fact(
        output, "Mode", "%s%s", mode,
        vt_facts_get_flag(facts, "can-correct") ? "" : ", but no permission to set the clock");
    append_role(facts, output);
    append_disruptions(facts, output);
    vt_table_append_fact(output, "Problem", "%s", styled_problem);
    return g_string_free(output, FALSE);
}

static char *
format_host(GVariant *facts)
{
    GString *output = g_string_new(NULL);

    vt_host_facts_append_to(facts, output);
    return g_string_free(output, FALSE);
}

static char *
run_tracking(const VtRequest *request, GError **error)
{
    bool host = request->side == VT_SIDE_HOST;
    g_autoptr(GVariant) facts =
        vt_session_ask(request->session, host ? "GetHost" : "GetTracking", "a{sv}", error);
    if (facts == NULL)
        return NULL;
    if (request->json)
        return vt_json_from_answer(facts);
    return host ? format_host(facts) : format_tracking(facts, request->colour);
}

const VtCommand vt_command_tracking = {
    .name = "tracking",
    .side = VT_SIDE_AGENT,
    .both_sides = true,
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show how right this clock is and what last befell it",
    .help =
        "Shows what virt-time-agent knows of the clock of this machine; with --host, what\n"
        "virt-time-hostd knows of it.\n"
        "\n"
        "  System time      best estimate now; slow: this clock is behind the reference\n"
        "  Last offset      what the last reading found; RMS offset: what readings find of late\n"
        "  Error bound      by how much this clock may be off true time\n"
        "  Frequency        learnt rate of the oscillator, already compensated; Skew: by how\n"
        "                   much that may be off\n"
        "  Root delay       round trip to the root, over this machine's way; Root dispersion: of\n"
        "                   the reference; Root distance: of the reference from true time\n"
        "  Update interval  between the last two readings that were used\n"
        "  Last disruption  pause, restore or other event after which the clock was wrong\n",
    .run = run_tracking,
};
