/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"

#define POLL_US (100 * G_TIME_SPAN_MILLISECOND)

/* The key of the bound that counts. */
static const char *
bound_key(const VtRequest *request)
{
    return request->against_host ? "host-error-ns" : "error-ns";
}

static bool
is_in_step(const VtRequest *request, GVariant *tracking)
{
    if (!request->against_host)
        return vt_facts_get_flag(tracking, "synchronised");

    const char *state = "";
    (void)g_variant_lookup(tracking, "state", "&s", &state); /* absent: in no state */
    bool is_settled = g_str_equal(state, "tracking") || g_str_equal(state, "assist");
    return vt_facts_get_flag(tracking, "has-reference") && is_settled;
}

static bool
will_do(const VtRequest *request, GVariant *tracking)
{
    return is_in_step(request, tracking) &&
           vt_facts_get_int(tracking, bound_key(request)) <= request->max_error_ns;
}

static void
explain_timeout(const VtRequest *request, GVariant *tracking, GError **error)
{
    g_autofree char *timeout = vt_ns_format_span(request->timeout_ns);
    g_autofree char *bound = vt_facts_format_span(tracking, bound_key(request));
    g_autofree char *state = vt_facts_format_text(tracking, "state", "unknown");
    g_autofree char *problem = vt_facts_format_text(tracking, "problem", "");

    g_set_error(error, VT_ERROR, VT_ERROR_FAILED,
                "%s within %s: state '%s', error bound %s%s%s; see 'virt-timectl tracking'",
                is_in_step(request, tracking) ? "not right enough" : "not synchronised",
                timeout, state, bound, *problem != '\0' ? ", " : "", problem);
}

/*
 * The answer that will do, or NULL. An agent that is not there yet is waited for as well; a user
 * that may not ask is told at once.
 */
static GVariant *
wait_for_sync(const VtRequest *request, GError **error)
{
    gint64 until_us = g_get_monotonic_time() + request->timeout_ns / VT_NS_PER_US;

    for (;;) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(GVariant) tracking =
            vt_session_ask(request->session, "GetTracking", "a{sv}", &problem);
        if (tracking != NULL && will_do(request, tracking))
            return g_steal_pointer(&tracking);
        bool is_over = g_get_monotonic_time() + POLL_US > until_us ||
                       g_error_matches(problem, VT_ERROR, VT_ERROR_DENIED);
        if (is_over && tracking != NULL)
            explain_timeout(request, tracking, error);
        else if (is_over)
            g_propagate_error(error, g_steal_pointer(&problem));
        if (is_over)
            return NULL;
        g_usleep(POLL_US);
    }
}

static char *
run_waitsync(const VtRequest *request, GError **error)
{
    g_autoptr(GVariant) tracking = wait_for_sync(request, error);
    if (tracking == NULL)
        return NULL;
    if (request->json)
        return vt_json_from_answer(tracking);
    g_autofree char *bound = vt_facts_format_span(tracking, bound_key(request));
    return g_strdup_printf(
        "%s, error bound %s\n",
        request->against_host ? "in step with the reference" : "synchronised", bound);
}

const VtCommand vt_command_waitsync = {
    .name = "waitsync",
    .side = VT_SIDE_AGENT,
    .options = VT_COMMAND_HAS_WAIT,
    .summary = "wait until the clock is right",
    .help =
        "Returns with exit status 0 as soon as the clock of this guest is synchronised and its\n"
        "error bound is not above --max-error; with 1 when that has not come within\n"
        "--timeout. An agent that does not run yet is waited for.\n"
        "\n"
        "With --against-host it is enough to be in step with the reference, even one that is\n"
        "not synchronised itself, and the bound is the one against that reference.\n",
    .run = run_waitsync,
};
