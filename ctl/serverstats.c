/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/command.h"
#include "ctl/facts.h"
#include "ctl/json.h"
#include "ctl/table.h"

static const struct {
    const char *key;
    const char *name;
} counters[] = {
    { "answered", "Answered" },
    { "interleaved", " interleaved" },
    { "authenticated", " authenticated" },
    { "nak", " bad code" },
    { "card-received", " card stamped" },
    { "card-sent", "Card told sent" },
    { "limited", "Limited" },
    { "denied", "Denied" },
    { "short", "Too short" },
    { "malformed", "Malformed" },
    { "not-client", "No client" },
    { "to-many", "To many" },
    { "from-nobody", "From port 0" },
    { "stale", "Stale" },
    { "overflowed", "Overflowed" },
    { "unsent", "Unsent" },
};

static char *
format_counters(GVariant *facts)
{
    GString *output = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++)
        vt_table_append_fact(output, counters[i].name, "%" PRId64,
                             vt_facts_get_int(facts, counters[i].key));
    return g_string_free(output, FALSE);
}

static char *
run_serverstats(const VtRequest *request, GError **error)
{
    g_autoptr(GVariant) facts =
        vt_session_ask(request->session, "GetNtpCounters", "a{sv}", error);
    if (facts == NULL)
        return NULL;
    return request->json ? vt_json_from_answer(facts) : format_counters(facts);
}

const VtCommand vt_command_serverstats = {
    .name = "serverstats",
    .side = VT_SIDE_HOST,
    .options = VT_COMMAND_HAS_WATCH,
    .summary = "show what became of the NTP requests that reached this host",
    .help =
        "Shows the counters of virt-time-hostd's NTP service since it began.\n"
        "\n"
        "  Answered     of these interleaved, authenticated, or with a bad code: such a client\n"
        "               is told that, by a crypto-NAK; or stamped by the network card as it came\n"
        "  Card told    replies of which the network card told when they left\n"
        "  Limited      dropped, since the client asked too often\n"
        "  Denied       dropped, since no rule allows the client\n"
        "  Too short    fewer than 48 bytes\n"
        "  Malformed    what follows the header is neither field nor code\n"
        "  No client    of a mode or version that is not answered\n"
        "  To many      to a broadcast or multicast address\n"
        "  Stale        waited for too long, or the clock was set meanwhile\n"
        "  Overflowed   more than the socket's queue could take\n"
        "  Unsent       replies that the kernel did not take\n",
    .run = run_serverstats,
};
