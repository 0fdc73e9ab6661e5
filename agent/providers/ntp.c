/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp.h"

#include <errno.h>

#include <gio/gio.h>

#include "agent/providers/ntp-exchange.h"
#include "agent/providers/ntp-reading.h"

#define TIMEOUT_MS       1000
#define LOCAL_TIMEOUT_MS 200

/* An address that was silent so often may be another machine's by now. */
#define FAILURES_TO_MOVE 4

/* One server on a network could lie; four exchanges that agree take a lasting lie. */
#define READINGS_TO_STEP 4

#define KISS_RATE UINT32_C(0x52415445) /* "RATE" */
#define KISS_DENY UINT32_C(0x44454e59) /* "DENY" */
#define KISS_RSTR UINT32_C(0x52535452) /* "RSTR" */

typedef struct {
    char *host;
    uint16_t port;
    bool is_local;
    VtClock *clock;
    const VtProviderNtpListener *listener;
    void *user_data;

    GSocketAddress *address; /* NULL: not resolved yet */
    GList *others;           /* GInetAddress, to be tried when that one fails */
    GCancellable *resolving; /* NULL: no look-up under way */
    bool is_wanted;          /* a reading waits for it */
    unsigned n_failures;     /* in a row */
    VtNtpExchange *exchange;
    char *problem;
    VtProviderNtpCounters counters;
    VtNtpFacts facts;
} NtpProvider;

static void begin_exchange(NtpProvider *provider);

static void
set_problem(NtpProvider *provider, const char *problem)
{
    if (g_strcmp0(provider->problem, problem) == 0)
        return;
    g_free(provider->problem);
    provider->problem = g_strdup(problem);
}

static void
finish(NtpProvider *provider, const VtReading *reading)
{
    g_clear_pointer(&provider->exchange, vt_ntp_exchange_free);
    provider->is_wanted = false;
    provider->listener->on_reading(reading, provider->user_data);
}

static void
use_address(NtpProvider *provider, GInetAddress *address)
{
    g_clear_object(&provider->address);
    provider->address = g_inet_socket_address_new(address, provider->port);
}

static void
use_next_address(NtpProvider *provider)
{
    GInetAddress *next = provider->others->data;
    provider->others = g_list_delete_link(provider->others, provider->others);
    use_address(provider, next);
    g_object_unref(next);
}

static void
clear_others(NtpProvider *provider)
{
    g_list_free_full(g_steal_pointer(&provider->others), g_object_unref);
}

static void
on_resolved(GObject *resolver, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
    /* The provider is gone when this look-up was cancelled. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;

    NtpProvider *provider = user_data;
    g_clear_object(&provider->resolving);
    if (found != NULL) {
        clear_others(provider);
        provider->others = found;
        use_next_address(provider);
    }
    if (!provider->is_wanted || provider->exchange != NULL)
        return;
    if (provider->address != NULL) {
        begin_exchange(provider);
        return;
    }
    set_problem(provider, error->message);
    finish(provider, NULL);
}

static void
resolve(NtpProvider *provider)
{
    if (provider->resolving != NULL)
        return;
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    provider->resolving = g_cancellable_new();
    g_resolver_lookup_by_name_async(resolver, provider->host, provider->resolving, on_resolved,
                                    provider);
}

/* Servers move; and of several addresses another may answer. */
static void
look_elsewhere(NtpProvider *provider)
{
    provider->n_failures += 1;
    if (provider->n_failures % FAILURES_TO_MOVE != 0)
        return;
    if (provider->others != NULL)
        use_next_address(provider);
    else
        resolve(provider);
}

/* Whether the reply is a wish, not the time. */
static bool
take_kiss(NtpProvider *provider, const VtNtpPacket *reply)
{
    if (reply->stratum != 0 || reply->reference_id == 0)
        return false;

    provider->counters.n_kisses += 1;
    switch (reply->reference_id) {
    case KISS_RATE:
        set_problem(provider, "the server asks for fewer requests");
        provider->listener->on_kiss(VT_NTP_KISS_SLOWER, provider->user_data);
        break;
    case KISS_DENY:
    case KISS_RSTR:
        set_problem(provider, "the server refuses to answer this machine");
        provider->listener->on_kiss(VT_NTP_KISS_REFUSED, provider->user_data);
        break;
    default:
        set_problem(provider, "the server does not tell the time");
        break;
    }
    return true;
}

static void
fail_test(NtpProvider *provider, VtNtpTest test)
{
    provider->facts.failed_tests |= (uint16_t)(1u << test);
}

static bool
is_of_use(NtpProvider *provider, const VtNtpExchangeResult *result)
{
    const VtNtpPacket *reply = &result->reply;
    bool is_synchronised =
        reply->leap != VT_NTP_LEAP_UNSYNCHRONISED && reply->stratum >= 1 && reply->stratum < 16;
    if (!is_synchronised &&
        !(provider->is_local && reply->leap == VT_NTP_LEAP_UNSYNCHRONISED)) {
        provider->counters.n_unsynchronised += 1;
        fail_test(provider, VT_NTP_TEST_SYNCHRONISED);
        set_problem(provider, "the server is not synchronised");
        return false;
    }
    /* RFC 5905, test 7: a server that follows this machine says nothing new. */
    if (result->own_address != 0 && reply->stratum > 1 &&
        reply->reference_id == result->own_address) {
        provider->counters.n_loops += 1;
        fail_test(provider, VT_NTP_TEST_NO_LOOP);
        set_problem(provider, "the server follows this machine");
        return false;
    }
    return true;
}

static void
note_reply(NtpProvider *provider, const VtNtpExchangeResult *result)
{
    provider->facts.has_reply = true;
    provider->facts.reply = result->reply;
    provider->facts.failed_tests = 0;
    provider->facts.is_received_by_kernel = result->is_received_by_kernel;
}

static void
on_exchanged(const VtNtpExchangeResult *result, void *user_data)
{
    NtpProvider *provider = user_data;

    if (!result->is_answered) {
        provider->counters.n_timeouts += result->error_number == ETIMEDOUT;
        set_problem(provider, result->error_number == ETIMEDOUT
                                  ? "no answer"
                                  : g_strerror(result->error_number));
        look_elsewhere(provider);
        finish(provider, NULL);
        return;
    }
    provider->n_failures = 0;
    note_reply(provider, result);
    if (take_kiss(provider, &result->reply) || !is_of_use(provider, result)) {
        finish(provider, NULL);
        return;
    }
    VtReading reading = vt_ntp_reading_make(&result->reply, result->sent, result->received);
    reading.n_to_step = READINGS_TO_STEP;
    vt_ntp_facts_note_reading(&provider->facts, &reading);
    provider->facts.n_valid += 1;
    set_problem(provider, NULL);
    finish(provider, &reading);
}

static void
begin_exchange(NtpProvider *provider)
{
    VtNtpExchangeParams params = {
        .address = provider->address,
        .timeout_ms = provider->is_local ? LOCAL_TIMEOUT_MS : TIMEOUT_MS,
        .clock = provider->clock,
        .n_by_check = provider->counters.n_by_check,
    };
    provider->facts.n_sent += 1;
    provider->exchange = vt_ntp_exchange_begin(&params, on_exchanged, provider);
}

static bool
ntp_is_usable(void *instance)
{
    (void)instance; /* a server can always be asked; whether it answers is another matter */
    return true;
}

static void
ntp_begin(void *instance)
{
    NtpProvider *provider = instance;
    g_clear_pointer(&provider->exchange, vt_ntp_exchange_free);
    provider->is_wanted = true;
    if (provider->address != NULL)
        begin_exchange(provider);
    else
        resolve(provider);
}

static void
ntp_free(void *instance)
{
    NtpProvider *provider = instance;
    if (provider->resolving != NULL)
        g_cancellable_cancel(provider->resolving);
    g_clear_object(&provider->resolving);
    g_clear_pointer(&provider->exchange, vt_ntp_exchange_free);
    clear_others(provider);
    g_clear_object(&provider->address);
    g_free(provider->problem);
    g_free(provider->host);
    g_free(provider);
}

static const VtProviderKind ntp_kind = {
    .name = "ntp",
    .is_usable = ntp_is_usable,
    .begin = ntp_begin,
    .free = ntp_free,
};

VtProvider
vt_provider_ntp_new(const VtProviderNtpParams *params,
                    VtClock *clock,
                    const VtProviderNtpListener *listener,
                    void *user_data)
{
    NtpProvider *provider = g_new0(NtpProvider, 1);
    provider->host = g_strdup(params->host);
    provider->port = params->port;
    provider->is_local = params->is_local;
    provider->clock = clock;
    provider->listener = listener;
    provider->user_data = user_data;
    /* A numeric address needs no look-up, and may name an interface as look-ups cannot. */
    provider->address = g_inet_socket_address_new_from_string(params->host, params->port);
    return (VtProvider){ .kind = &ntp_kind, .instance = provider };
}

static const NtpProvider *
get_instance(const VtProvider *provider)
{
    g_assert(provider->kind == &ntp_kind);
    return provider->instance;
}

const char *
vt_provider_ntp_get_problem(const VtProvider *provider)
{
    return get_instance(provider)->problem;
}

char *
vt_provider_ntp_dup_address(const VtProvider *provider)
{
    GSocketAddress *address = get_instance(provider)->address;
    if (address == NULL)
        return NULL;
    return g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(address));
}

VtProviderNtpCounters
vt_provider_ntp_get_counters(const VtProvider *provider)
{
    return get_instance(provider)->counters;
}

bool
vt_provider_ntp_has_address(const VtProvider *provider, const char *text)
{
    GSocketAddress *address = get_instance(provider)->address;
    if (address == NULL)
        return false;
    GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
    g_autofree char *numeric =
        g_inet_address_to_string(g_inet_socket_address_get_address(inet));
    g_autofree char *full = vt_provider_ntp_dup_address(provider);
    return g_str_equal(text, numeric) || g_str_equal(text, full);
}

static uint64_t
count_received(const NtpProvider *provider)
{
    uint64_t n_received = 0;
    for (size_t i = 0; i < VT_NTP_N_CHECKS; i++)
        n_received += provider->counters.n_by_check[i];
    return n_received;
}

VtNtpFacts
vt_provider_ntp_get_facts(const VtProvider *provider)
{
    VtNtpFacts facts = get_instance(provider)->facts;
    facts.n_received = count_received(get_instance(provider));
    return facts;
}
