/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/asked-server.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

static void
on_reading(const VtReading *reading, void *user_data)
{
    AskedServer *fixture = user_data;
    fixture->n_results++;
    if (reading == NULL)
        return;
    fixture->n_readings++;
    fixture->reading = *reading;
}

static void
on_kiss(VtNtpKiss kiss, void *user_data)
{
    AskedServer *fixture = user_data;
    fixture->n_kisses[kiss]++;
}

static const VtProviderNtpListener listener = { on_reading, on_kiss };

void
asked_server_start(AskedServer *fixture, const VtProviderNtpParams *params)
{
    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string("127.0.0.1", fixture->server.port);
    fixture->provider = vt_provider_ntp_new(params, fixture->clock, &listener, fixture);
    g_assert_false(vt_provider_is_usable(&fixture->provider));
    vt_provider_ntp_set_address(&fixture->provider, address);
    g_assert_true(vt_provider_is_usable(&fixture->provider));
}

/* @is_local: a local server, whose silence costs 200 ms, not a second. */
void
asked_server_set_up(AskedServer *fixture, gconstpointer is_local)
{
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_ntp_init(&fixture->server, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    VtProviderNtpParams params = { .is_local = is_local != NULL };
    asked_server_start(fixture, &params);
}

void
asked_server_tear_down(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    vt_provider_clear(&fixture->provider);
    vt_clock_free(fixture->clock);
    fake_ntp_clear(&fixture->server);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

void
asked_server_measure(AskedServer *fixture)
{
    unsigned n_before = fixture->n_results;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);

    vt_provider_begin(&fixture->provider);
    g_assert_cmpuint(fixture->n_results, ==, n_before);
    while (fixture->n_results == n_before && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(fixture->n_results, ==, n_before + 1);
}

VtNs
asked_server_get_offset(const AskedServer *fixture)
{
    const VtReading *reading = &fixture->reading;
    return vt_wall_diff(reading->reference_sent_at, reading->received.wall);
}
