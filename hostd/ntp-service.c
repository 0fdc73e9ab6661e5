/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-service.h"

#include "base/error.h"

struct VtNtpService {
    VtNtpServer *server;
    bool is_asked_for;
    bool has_told; /* at least once */
    int told_error_numbers[VT_NTP_SERVER_MAX_ADDRESSES];
};

static bool
add_address(VtNtpListen *listen, const char *text, uint16_t ntp_port, GError **error)
{
    if (listen->n_addresses == VT_NTP_SERVER_MAX_ADDRESSES) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "more than %d addresses",
                    VT_NTP_SERVER_MAX_ADDRESSES);
        return false;
    }
    if (!vt_ntp_address_parse(text, ntp_port, &listen->addresses[listen->n_addresses], error))
        return false;
    listen->n_addresses += 1;
    return true;
}

bool
vt_ntp_listen_parse(const char *const *listen,
                    int64_t ntp_port,
                    VtNtpListen *ret_listen,
                    GError **error)
{
    static const char *const loopback[] = { "127.0.0.1", "::1", NULL };
    VtNtpListen result = { .is_asked_for = listen[0] != NULL };
    const char *const *texts = result.is_asked_for ? listen : loopback;

    for (size_t i = 0; texts[i] != NULL; i++) {
        if (!add_address(&result, texts[i], (uint16_t)ntp_port, error)) {
            g_prefix_error(error, "[hostd] listen: ");
            return false;
        }
    }
    if (ntp_port == 0)
        result.n_addresses = 0;
    *ret_listen = result;
    return true;
}

VtNtpService *
vt_ntp_service_new(const VtNtpListen *listen, VtClock *clock)
{
    VtNtpService *service = g_new0(VtNtpService, 1);
    service->is_asked_for = listen->is_asked_for;
    service->server = vt_ntp_server_new(listen->addresses, listen->n_addresses, clock);
    return service;
}

void
vt_ntp_service_free(VtNtpService *service)
{
    if (service == NULL)
        return;
    vt_ntp_server_free(service->server);
    g_free(service);
}

static void
tell(VtNtpService *service, const VtNtpAddress *address, int error_number)
{
    g_autofree char *text = vt_ntp_address_format(address);
    if (error_number == 0)
        g_message("serving NTP at %s", text);
    else if (service->is_asked_for)
        g_warning("cannot serve NTP at %s: %s; trying again", text, g_strerror(error_number));
    else
        g_info("cannot serve NTP at %s: %s; trying again", text, g_strerror(error_number));
}

void
vt_ntp_service_refresh(VtNtpService *service, const VtHostClock *host)
{
    vt_ntp_server_set_host_clock(service->server, host);
    for (size_t i = 0; i < vt_ntp_server_get_n_addresses(service->server); i++) {
        int error_number;
        VtNtpAddress address = vt_ntp_server_get_address(service->server, i, &error_number);
        if (service->has_told && service->told_error_numbers[i] == error_number)
            continue;
        service->told_error_numbers[i] = error_number;
        tell(service, &address, error_number);
    }
    service->has_told = true;
}

size_t
vt_ntp_service_get_link_addresses(VtNtpService *service,
                                  VtLinkAddress ret_addresses[VT_LINK_MAX_ADDRESSES])
{
    size_t n_told = 0;
    size_t n_addresses = vt_ntp_server_get_n_addresses(service->server);

    for (size_t i = 0; i < n_addresses && n_told < VT_LINK_MAX_ADDRESSES; i++) {
        int error_number;
        VtNtpAddress address = vt_ntp_server_get_address(service->server, i, &error_number);
        if (error_number == 0 && vt_ntp_address_to_link(&address, &ret_addresses[n_told]))
            n_told++;
    }
    return n_told;
}

static GVariant *
list_addresses(VtNtpService *service)
{
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (size_t i = 0; i < vt_ntp_server_get_n_addresses(service->server); i++) {
        int error_number;
        VtNtpAddress address = vt_ntp_server_get_address(service->server, i, &error_number);
        g_autofree char *text = vt_ntp_address_format(&address);
        g_auto(GVariantDict) dict;

        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "address", "s", text);
        g_variant_dict_insert(&dict, "problem", "s",
                              error_number == 0 ? "" : g_strerror(error_number));
        g_variant_builder_add_value(&builder, g_variant_dict_end(&dict));
    }
    return g_variant_builder_end(&builder);
}

void
vt_ntp_service_insert(VtNtpService *service, GVariantDict *dict)
{
    VtNtpServerCounters counters = vt_ntp_server_get_counters(service->server);
    uint64_t n_dropped = counters.n_short + counters.n_not_client + counters.n_to_many +
                         counters.n_from_nobody + counters.n_stale + counters.n_unsent;

    g_variant_dict_insert_value(dict, "ntp", list_addresses(service));
    g_variant_dict_insert(dict, "ntp-answered", "t", counters.n_answered);
    g_variant_dict_insert(dict, "ntp-dropped", "t", n_dropped);
}
