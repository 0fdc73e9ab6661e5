/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp.h"

#include <errno.h>

#include <gio/gio.h>

#include "agent/providers/ntp-exchange.h"
#include "agent/providers/ntp-reading.h"
#include "agent/providers/ntp-reference-id.h"
#include "agent/providers/ntp-stamps.h"

#define TIMEOUT_MS       1000
#define LOCAL_TIMEOUT_MS 200

/* The time limit ends an exchange that takes longer; a machine that stood still does not see. */
#define MOST_DELAY_NS (TIMEOUT_MS * VT_NS_PER_MS)

/* What two clocks may differ by over one exchange: 1000 ppm of a second. */
#define MOST_CREEP_NS VT_NS_PER_MS

/* A server's last correction is in its past. */
#define MOST_AHEAD_NS VT_NS_PER_SEC

/* One server on a network could lie; four exchanges that agree take a lasting lie. */
#define READINGS_TO_STEP 4

#define KISS_RATE UINT32_C(0x52415445) /* "RATE" */
#define KISS_DENY UINT32_C(0x44454e59) /* "DENY" */
#define KISS_RSTR UINT32_C(0x52535452) /* "RSTR" */

typedef struct {
    bool is_local;
    const VtNtpKeys *keys; /* NULL: replies need no code */
    uint32_t key_id;
    int poll_log2_sec;
    VtClock *clock;
    const VtProviderNtpListener *listener;
    void *user_data;

    GSocketAddress *address; /* NULL: not known yet */
    VtNtpResidence residence;
    VtNtpExchange *exchange;
    VtFd stamps; /* of one that is asked each second: held between its exchanges */
    char *problem;
    VtProviderNtpCounters counters;
    VtNtpFacts facts;
    VtNtpPacket previous; /* the reply before this one */
    bool is_cut_off;
} NtpProvider;

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
    provider->listener->on_reading(reading, provider->user_data);
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
reject(NtpProvider *provider, VtNtpTest test, const char *problem)
{
    provider->facts.failed_tests |= (uint16_t)(1u << test);
    set_problem(provider, problem);
}

/* Each test that fails is noted; the last of them is what is told. */
static bool
is_of_use(NtpProvider *provider, const VtNtpExchangeResult *result)
{
    const VtNtpPacket *reply = &result->reply;
    const VtNtpPacket *previous = &provider->previous;
    bool is_synchronised =
        reply->leap != VT_NTP_LEAP_UNSYNCHRONISED && reply->stratum >= 1 && reply->stratum < 16;
    bool is_stopwatch = provider->is_local && reply->leap == VT_NTP_LEAP_UNSYNCHRONISED;

    if (!is_synchronised && !is_stopwatch) {
        provider->counters.n_unsynchronised += 1;
        reject(provider, VT_NTP_TEST_SYNCHRONISED, "the server is not synchronised");
    }
    /* A server that follows this machine says nothing new. */
    if (result->own_address != 0 && reply->stratum > 1 &&
        reply->reference_id == result->own_address) {
        provider->counters.n_loops += 1;
        reject(provider, VT_NTP_TEST_NO_LOOP, "the server follows this machine");
    }
    if (reply->receive == previous->receive && reply->transmit == previous->transmit) {
        provider->counters.n_repeated += 1;
        reject(provider, VT_NTP_TEST_NOT_REPEATED, "the server's clock stands still");
    }
    /* Set after it was synchronised, by more than any clock is late. */
    if (is_synchronised && reply->reference != 0 &&
        vt_ntp_stamp_diff(reply->reference, reply->receive) > MOST_AHEAD_NS) {
        provider->counters.n_implausible += 1;
        reject(provider, VT_NTP_TEST_PLAUSIBLE, "the server was set after it was asked");
    }
    return provider->facts.failed_tests == 0;
}

static void
note_reply(NtpProvider *provider, const VtNtpExchangeResult *result)
{
    provider->facts.has_reply = true;
    provider->facts.reply = result->reply;
    provider->facts.failed_tests = 0;
    provider->facts.is_sent_by_kernel = result->is_sent_by_kernel;
    provider->facts.is_received_by_kernel = result->is_received_by_kernel;
    provider->facts.is_interleaved = result->is_interleaved;
    provider->facts.is_authenticated = provider->keys != NULL;
}

/* What the reading itself must be like. */
static bool
is_plausible(NtpProvider *provider, const VtReading *reading)
{
    VtNs bracket_ns = vt_mono_diff(reading->received.raw, reading->sent.raw);
    VtNs held_ns = vt_wall_diff(reading->reference_sent_at, reading->reference_received_at);
    if (bracket_ns >= MOST_DELAY_NS)
        reject(provider, VT_NTP_TEST_SHORT_DELAY, "the answer took too long");
    if (held_ns > bracket_ns + MOST_CREEP_NS)
        reject(provider, VT_NTP_TEST_PLAUSIBLE, "the server held the request too long");
    return provider->facts.failed_tests == 0;
}

/* It answers the request, and is no use all the same. */
static void
take_flawed(NtpProvider *provider, VtNtpCheck check)
{
    switch (check) {
    case VT_NTP_CHECK_ZERO:
        reject(provider, VT_NTP_TEST_HAS_TIME, "the answer lacks its times");
        return;
    case VT_NTP_CHECK_DISTANCE:
        reject(provider, VT_NTP_TEST_NEAR, "the server is too far from true time");
        return;
    case VT_NTP_CHECK_ORDER:
        reject(provider, VT_NTP_TEST_IN_ORDER, "the answer's times are out of order");
        return;
    case VT_NTP_CHECK_OK:
    case VT_NTP_CHECK_SHORT:
    case VT_NTP_CHECK_VERSION:
    case VT_NTP_CHECK_MODE:
    case VT_NTP_CHECK_ORIGIN:
    case VT_NTP_CHECK_CODE:
    case VT_NTP_N_CHECKS:
        break;
    }
    g_assert_not_reached();
}

static void
take_time(NtpProvider *provider, const VtNtpExchangeResult *result)
{
    bool is_useful = is_of_use(provider, result);
    provider->previous = result->reply;
    if (!is_useful) {
        finish(provider, NULL);
        return;
    }
    VtReading reading = vt_ntp_reading_make(&result->reply, result->sent, result->received);
    reading.n_to_step = READINGS_TO_STEP;
    vt_ntp_facts_note_reading(&provider->facts, &reading);
    /* What befell this machine meanwhile is for others to see: the reading is handed on. */
    if (is_plausible(provider, &reading)) {
        provider->facts.n_valid += 1;
        vt_ntp_residence_note(&provider->residence, &result->reply);
        set_problem(provider, NULL);
    }
    finish(provider, &reading);
}

static bool
is_no_way(int error_number)
{
    return error_number == ENETUNREACH || error_number == ENETDOWN ||
           error_number == EADDRNOTAVAIL;
}

static void
on_exchanged(const VtNtpExchangeResult *result, void *user_data)
{
    NtpProvider *provider = user_data;

    provider->is_cut_off = is_no_way(result->error_number);
    if (!result->is_answered) {
        provider->counters.n_timeouts += result->error_number == ETIMEDOUT;
        set_problem(provider, result->error_number == ETIMEDOUT
                                  ? "no answer"
                                  : g_strerror(result->error_number));
        finish(provider, NULL);
        return;
    }
    note_reply(provider, result);
    if (take_kiss(provider, &result->reply)) {
        finish(provider, NULL);
    } else if (result->check != VT_NTP_CHECK_OK) {
        take_flawed(provider, result->check);
        finish(provider, NULL);
    } else {
        take_time(provider, result);
    }
}

static void
begin_exchange(NtpProvider *provider)
{
    VtNtpExchangeParams params = {
        .address = provider->address,
        .timeout_ms = provider->is_local ? LOCAL_TIMEOUT_MS : TIMEOUT_MS,
        .clock = provider->clock,
        .n_by_check = provider->counters.n_by_check,
        .keys = provider->keys,
        .key_id = provider->key_id,
        .residence = &provider->residence,
        .poll_log2_sec = provider->poll_log2_sec,
    };
    provider->facts.n_sent += 1;
    provider->exchange = vt_ntp_exchange_begin(&params, on_exchanged, provider);
}

static bool
ntp_is_usable(void *instance)
{
    /* Whether it answers is another matter. */
    const NtpProvider *provider = instance;
    return provider->address != NULL;
}

static void
ntp_begin(void *instance)
{
    NtpProvider *provider = instance;
    g_clear_pointer(&provider->exchange, vt_ntp_exchange_free);
    begin_exchange(provider);
}

static void
ntp_free(void *instance)
{
    NtpProvider *provider = instance;
    g_clear_pointer(&provider->exchange, vt_ntp_exchange_free);
    vt_fd_close(&provider->stamps);
    g_clear_object(&provider->address);
    g_free(provider->problem);
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
    provider->is_local = params->is_local;
    provider->stamps = params->is_local ? vt_ntp_stamps_hold() : VT_FD_NONE;
    provider->keys = params->keys;
    provider->key_id = params->key_id;
    provider->clock = clock;
    provider->listener = listener;
    provider->user_data = user_data;
    return (VtProvider){ .kind = &ntp_kind, .instance = provider };
}

static const NtpProvider *
get_instance(const VtProvider *provider)
{
    g_assert(provider->kind == &ntp_kind);
    return provider->instance;
}

static NtpProvider *
get_own(VtProvider *provider)
{
    g_assert(provider->kind == &ntp_kind);
    return provider->instance;
}

void
vt_provider_ntp_set_address(VtProvider *provider, GSocketAddress *address)
{
    NtpProvider *ntp = get_own(provider);
    g_clear_pointer(&ntp->exchange, vt_ntp_exchange_free);
    g_set_object(&ntp->address, address);
    ntp->residence = (VtNtpResidence){ 0 };
    ntp->facts = (VtNtpFacts){ 0 };
    ntp->counters = (VtProviderNtpCounters){ 0 };
    ntp->previous = (VtNtpPacket){ 0 };
    set_problem(ntp, NULL);
}

GSocketAddress *
vt_provider_ntp_get_address(const VtProvider *provider)
{
    return get_instance(provider)->address;
}

void
vt_provider_ntp_set_problem(VtProvider *provider, const char *problem)
{
    set_problem(get_own(provider), problem);
}

void
vt_provider_ntp_set_poll(VtProvider *provider, int poll_log2_sec)
{
    get_own(provider)->poll_log2_sec = poll_log2_sec;
}

const char *
vt_provider_ntp_get_problem(const VtProvider *provider)
{
    return get_instance(provider)->problem;
}

uint32_t
vt_provider_ntp_get_reference_id(const VtProvider *provider)
{
    struct sockaddr_storage address;
    GSocketAddress *wanted = get_instance(provider)->address;

    if (wanted == NULL || !g_socket_address_to_native(wanted, &address, sizeof address, NULL))
        return 0;
    return vt_ntp_reference_id_of((const struct sockaddr *)&address);
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

bool
vt_provider_ntp_is_cut_off(const VtProvider *provider)
{
    return get_instance(provider)->is_cut_off;
}
