/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-service.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "hostd/interface-watch.h"
#include "hostd/network-bridge.h"
#include "hostd/ntp-cards.h"
#include "hostd/ntp-guests.h"
#include "hostd/ntp-report.h"

#define PASSED_PREFIX "ntp"

/* A gate opens now and then to see whether a flood is over. */
#define FLOOD_OVER_NS (60 * VT_NS_PER_SEC)

struct VtNtpService {
    VtClock *clock;
    VtNtpListen listen;
    GPtrArray *networks; /* of char *: what its entries point to */
    char **allow;
    char **deny;
    VtNtpKeys *keys;
    GPtrArray *old_keys; /* of VtNtpKeys: the server's thread may still be using the last one */
    VtNtpLimit limit;
    uint8_t island_stratum;
    bool is_activated; /* by sockets of the service manager */

    VtNtpGuests *guests;
    VtInterfaceWatch *watch;
    VtNetworkBridge *bridge;
    GArray *addresses; /* of VtInterfaceAddress */
    VtNtpServer *server;
    VtNtpCards *cards;
    bool wants_card_stamps;
    bool has_told; /* at least once */
    int told_error_numbers[VT_NTP_SERVER_MOST_PLACES];
    VtMono flooded_at[VT_NTP_SERVER_MOST_PLACES]; /* last; 0: never, or its end was told */
};

static const char *
find_domain(const char *rule)
{
    size_t n_bytes = strlen(VT_NTP_GUESTS_PREFIX);
    return g_str_has_prefix(rule, VT_NTP_GUESTS_PREFIX) && rule[n_bytes] != '\0'
               ? rule + n_bytes
               : NULL;
}

/* Those for networks. */
static bool
add_rules(VtNtpAccess *access, const char *const *networks, bool is_allowed, GError **error)
{
    for (size_t i = 0; networks != NULL && networks[i] != NULL; i++) {
        if (find_domain(networks[i]) == NULL &&
            !vt_ntp_access_add(access, networks[i], is_allowed, error)) {
            g_prefix_error(error, "[hostd] %s: ", is_allowed ? "allow" : "deny");
            return false;
        }
    }
    return true;
}

static VtNtpKeys *
read_keys(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;

    if (g_file_get_contents(path, &text, NULL, &problem))
        return vt_ntp_keys_parse(text, path, error);
    g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "[hostd] ntp-keys: %s", problem->message);
    return NULL;
}

bool
vt_ntp_service_check(const VtNtpServiceParams *params, GError **error)
{
    g_autoptr(VtNtpAccess) access = vt_ntp_access_new();
    if (!add_rules(access, params->allow, true, error) ||
        !add_rules(access, params->deny, false, error))
        return false;
    if (!vt_ntp_cards_check(params->cards, error)) {
        g_prefix_error(error, "[hostd] ntp-hardware-stamps: ");
        return false;
    }
    if (params->keys_path == NULL)
        return true;
    g_autoptr(VtNtpKeys) keys = read_keys(params->keys_path, error);
    return keys != NULL;
}

/* A VRF has no addresses but those of its ports. */
static bool
is_of(const VtInterfaceAddress *own, const char *interface)
{
    return g_str_equal(own->name, interface) || g_str_equal(own->master, interface);
}

/* Whether clients of that interface's network are what the operator had in mind with a place. */
static bool
is_meant(const VtNtpPlace *place, const VtInterfaceAddress *own)
{
    VtNtpPeerAddress address = vt_ntp_peer_address_from_socket(
        (const struct sockaddr *)&place->address.socket_address);
    VtNtpPeerAddress any_v4 = vt_ntp_peer_address_from_v4((const uint8_t[4]){ 0 });
    bool is_any = (address.high == 0 && address.low == 0) || address.low == any_v4.low;

    if (place->interface[0] != '\0')
        return is_of(own, place->interface);
    return is_any
               ? vt_ntp_peer_address_is_v4(address) == vt_ntp_peer_address_is_v4(own->address)
               : address.high == own->address.high && address.low == own->address.low;
}

static bool
is_meant_by_any(VtNtpServer *server, const VtInterfaceAddress *own)
{
    for (size_t i = 0; i < vt_ntp_server_get_n_places(server); i++) {
        int error_number;
        VtNtpPlace place = vt_ntp_server_get_place(server, i, &error_number);
        if (is_meant(&place, own))
            return true;
    }
    return false;
}

static void
add_domains(const VtNtpService *service, char **rules, bool is_allowed, VtNtpAccess *access)
{
    for (size_t i = 0; rules != NULL && rules[i] != NULL; i++) {
        const char *domain = find_domain(rules[i]);
        if (domain != NULL)
            vt_ntp_guests_add_rule(service->guests, domain, is_allowed, access);
    }
}

/* The rules are of the settings, which were checked when they were read. */
static VtNtpPolicy *
make_policy(const VtNtpService *service)
{
    VtNtpPolicy *policy = vt_ntp_policy_new();
    bool is_good = add_rules(policy->access, (const char *const *)service->allow, true, NULL) &&
                   add_rules(policy->access, (const char *const *)service->deny, false, NULL);
    g_assert(is_good);
    add_domains(service, service->allow, true, policy->access);
    add_domains(service, service->deny, false, policy->access);
    policy->keys = service->keys;
    policy->limit = service->limit;
    for (guint i = 0; i < service->addresses->len; i++) {
        const VtInterfaceAddress *own =
            &g_array_index(service->addresses, VtInterfaceAddress, i);
        /* What comes in over loopback comes from this host, whatever its address. */
        if (own->is_loopback)
            vt_ntp_access_add_own(policy->access, own->index, own->address, 0);
        else if (service->server != NULL && is_meant_by_any(service->server, own))
            vt_ntp_access_add_own(policy->access, own->index, own->address, own->n_bits);
    }
    return policy;
}

static bool
has_domain(char **rules)
{
    for (size_t i = 0; rules != NULL && rules[i] != NULL; i++) {
        if (find_domain(rules[i]) != NULL)
            return true;
    }
    return false;
}

static void
look_at_guests(VtNtpService *service)
{
    if ((has_domain(service->allow) || has_domain(service->deny)) &&
        vt_ntp_guests_look(service->guests))
        vt_ntp_server_set_policy(service->server, make_policy(service));
}

void
vt_ntp_service_set_guest(VtNtpService *service,
                         const char *uuid,
                         const char *name,
                         const VtDomainMacs *macs)
{
    vt_ntp_guests_set(service->guests, uuid, name, macs);
    look_at_guests(service);
}

static void
on_interfaces_changed(void *user_data)
{
    VtNtpService *service = user_data;
    g_array_unref(service->addresses);
    service->addresses = vt_interface_list_addresses();
    vt_ntp_server_set_policy(service->server, make_policy(service));
    vt_ntp_server_look_again(service->server);
    vt_ntp_cards_look_again(service->cards);
}

static void
on_card_states(const VtNtpCardStates *states, void *user_data)
{
    VtNtpService *service = user_data;
    vt_ntp_server_set_cards(service->server, states);
}

static size_t
take_passed(VtPassedFds *passed, VtNtpServerPlace ret_places[VT_NTP_SERVER_MOST_PLACES])
{
    size_t n_places = 0;
    while (passed != NULL && n_places < VT_NTP_SERVER_MOST_PLACES) {
        g_auto(VtFd) fd = vt_passed_fds_steal(passed, PASSED_PREFIX, NULL);
        if (fd < 0)
            break;
        if (!vt_ntp_socket_adopt(fd)) {
            g_warning("a socket passed as '%s' is not of UDP; it is not served", PASSED_PREFIX);
            continue;
        }
        VtNtpServerPlace place = { .place.address = vt_ntp_socket_get_address(fd) };
        socklen_t n_bytes = sizeof place.place.interface;
        (void)getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, place.place.interface, &n_bytes);
        place.fd = vt_fd_steal(&fd);
        ret_places[n_places++] = place;
    }
    return n_places;
}

/* The server anew, at all that is known now. */
static void
serve(VtNtpService *service, VtPassedFds *passed)
{
    VtNtpServerPlace places[VT_NTP_SERVER_MOST_PLACES];
    size_t n_places = take_passed(passed, places);

    service->is_activated = n_places > 0;
    if (!service->is_activated)
        n_places = vt_ntp_listen_get_places(&service->listen, places);
    for (size_t i = 0; i < n_places; i++)
        places[i].place.wants_card_stamps = service->wants_card_stamps;
    g_clear_pointer(&service->server, vt_ntp_server_free);
    service->has_told = false;
    memset(service->flooded_at, 0, sizeof service->flooded_at);
    service->server = vt_ntp_server_new(places, n_places, make_policy(service), service->clock);
    /* Now that the places are known, their networks are, too. */
    vt_ntp_server_set_policy(service->server, make_policy(service));
}

static void
on_bridge(const char *network, const char *bridge, void *user_data)
{
    VtNtpService *service = user_data;
    for (size_t i = 0; i < service->listen.n_at; i++) {
        VtNtpListenAt *at = &service->listen.at[i];
        if (g_strcmp0(at->network, network) == 0)
            g_strlcpy(at->interface, bridge, sizeof at->interface);
    }
    serve(service, NULL);
}

static GPtrArray *
keep_networks(VtNtpService *service)
{
    GPtrArray *networks = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < service->listen.n_at; i++) {
        VtNtpListenAt *at = &service->listen.at[i];
        if (at->network == NULL)
            continue;
        char *copy = g_strdup(at->network);
        at->network = copy;
        g_ptr_array_add(networks, copy);
    }
    return networks;
}

VtNtpService *
vt_ntp_service_new(const VtNtpServiceParams *params, VtClock *clock, GError **error)
{
    if (!vt_ntp_service_check(params, error))
        return NULL;

    g_autoptr(VtNtpService) service = g_new0(VtNtpService, 1);
    service->clock = clock;
    service->listen = params->listen;
    service->allow = g_strdupv((char **)params->allow);
    service->deny = g_strdupv((char **)params->deny);
    service->limit = params->limit;
    service->island_stratum = params->island_stratum;
    if (params->keys_path != NULL) {
        service->keys = read_keys(params->keys_path, error);
        if (service->keys == NULL)
            return NULL;
    }
    service->old_keys = g_ptr_array_new_with_free_func((GDestroyNotify)vt_ntp_keys_free);
    service->networks = keep_networks(service);
    service->guests = vt_ntp_guests_new();
    service->addresses = vt_interface_list_addresses();
    service->wants_card_stamps = params->cards != NULL && params->cards[0] != NULL;
    serve(service, params->passed);
    VtNtpCardsParams cards = {
        .interfaces = params->cards,
        .on_states = on_card_states,
        .user_data = service,
    };
    service->cards = vt_ntp_cards_new(&cards, clock);
    service->watch = vt_interface_watch_new(on_interfaces_changed, service);
    if (!service->is_activated)
        service->bridge = vt_network_bridge_new(params->uri != NULL ? params->uri : "",
                                                service->networks, on_bridge, service);
    return g_steal_pointer(&service);
}

void
vt_ntp_service_free(VtNtpService *service)
{
    if (service == NULL)
        return;
    vt_network_bridge_free(service->bridge);
    vt_interface_watch_free(service->watch);
    vt_ntp_cards_free(service->cards);
    vt_ntp_server_free(service->server);
    vt_ntp_keys_free(service->keys);
    vt_ntp_guests_free(service->guests);
    g_clear_pointer(&service->old_keys, g_ptr_array_unref);
    g_clear_pointer(&service->addresses, g_array_unref);
    g_clear_pointer(&service->networks, g_ptr_array_unref);
    g_strfreev(service->allow);
    g_strfreev(service->deny);
    g_free(service);
}

bool
vt_ntp_service_reconfigure(VtNtpService *service,
                           const VtNtpServiceParams *params,
                           GError **error)
{
    g_autoptr(VtNtpKeys) keys = NULL;
    if (!vt_ntp_service_check(params, error) ||
        (params->keys_path != NULL && (keys = read_keys(params->keys_path, error)) == NULL))
        return false;

    g_strfreev(service->allow);
    g_strfreev(service->deny);
    service->allow = g_strdupv((char **)params->allow);
    service->deny = g_strdupv((char **)params->deny);
    service->limit = params->limit;
    service->island_stratum = params->island_stratum;
    if (service->keys != NULL)
        g_ptr_array_add(service->old_keys, service->keys);
    service->keys = g_steal_pointer(&keys);
    vt_ntp_server_set_policy(service->server, make_policy(service));
    return true;
}

static void
tell(VtNtpService *service, const VtNtpPlace *place, int error_number)
{
    g_autofree char *text = vt_ntp_report_format_place(place);
    if (error_number == 0)
        g_message("serving NTP at %s", text);
    else if (service->listen.is_asked_for)
        g_warning("cannot serve NTP at %s: %s; trying again", text, g_strerror(error_number));
    else
        g_info("cannot serve NTP at %s: %s; trying again", text, g_strerror(error_number));
}

/* Told when it begins, and when there was none for a while. */
static void
tell_flood(VtNtpService *service, size_t index, const VtNtpPlace *place)
{
    VtMono now = vt_clock_read_boot(service->clock);
    VtMono *flooded_at = &service->flooded_at[index];
    g_autofree char *text = vt_ntp_report_format_place(place);

    if (vt_ntp_server_is_flooded(service->server, index)) {
        if (flooded_at->ns == 0)
            g_warning("more requests at %s than can be answered: those of clients that behave "
                      "go before",
                      text);
        *flooded_at = now;
    } else if (flooded_at->ns != 0 && vt_mono_diff(now, *flooded_at) > FLOOD_OVER_NS) {
        g_message("no more requests at %s than can be answered", text);
        flooded_at->ns = 0;
    }
}

void
vt_ntp_service_refresh(VtNtpService *service, const VtHostClock *host)
{
    VtHostClock said = vt_host_clock_or_island(host, service->island_stratum,
                                               vt_clock_read_wall(service->clock));
    vt_ntp_server_set_host_clock(service->server, &said);
    look_at_guests(service);
    for (size_t i = 0; i < vt_ntp_server_get_n_places(service->server); i++) {
        int error_number;
        VtNtpPlace place = vt_ntp_server_get_place(service->server, i, &error_number);
        tell_flood(service, i, &place);
        if (service->has_told && service->told_error_numbers[i] == error_number)
            continue;
        service->told_error_numbers[i] = error_number;
        tell(service, &place, error_number);
    }
    service->has_told = true;
}

static size_t
add_place(const VtNtpService *service,
          const VtNtpPlace *place,
          VtLinkAddress *addresses,
          size_t n_told)
{
    if (place->interface[0] == '\0')
        return n_told + (vt_ntp_address_to_link(&place->address, &addresses[n_told]) ? 1 : 0);
    sa_family_t family = place->address.socket_address.ss_family;
    for (guint i = 0; i < service->addresses->len && n_told < VT_LINK_MAX_ADDRESSES; i++) {
        const VtInterfaceAddress *own =
            &g_array_index(service->addresses, VtInterfaceAddress, i);
        bool is_v4 = vt_ntp_peer_address_is_v4(own->address);
        if (!is_of(own, place->interface) || is_v4 != (family == AF_INET))
            continue;
        VtNtpAddress address =
            vt_ntp_address_from_peer(own->address, vt_ntp_address_get_port(&place->address));
        n_told += vt_ntp_address_to_link(&address, &addresses[n_told]) ? 1 : 0;
    }
    return n_told;
}

size_t
vt_ntp_service_get_link_addresses(VtNtpService *service,
                                  VtLinkAddress ret_addresses[VT_LINK_MAX_ADDRESSES])
{
    size_t n_told = 0;
    size_t n_places = vt_ntp_server_get_n_places(service->server);

    for (size_t i = 0; i < n_places && n_told < VT_LINK_MAX_ADDRESSES; i++) {
        int error_number;
        VtNtpPlace place = vt_ntp_server_get_place(service->server, i, &error_number);
        if (error_number == 0)
            n_told = add_place(service, &place, ret_addresses, n_told);
    }
    return n_told;
}

void
vt_ntp_service_insert(VtNtpService *service, GVariantDict *dict)
{
    VtNtpCounters counters = vt_ntp_server_get_counters(service->server);

    g_variant_dict_insert_value(dict, "ntp",
                                vt_ntp_report_places(service->server, &service->listen));
    g_variant_dict_insert_value(dict, "ntp-cards", vt_ntp_cards_report(service->cards));
    g_variant_dict_insert(dict, "ntp-answered", "t", counters.counts[VT_NTP_COUNT_ANSWERED]);
    g_variant_dict_insert(dict, "ntp-dropped", "t", vt_ntp_counters_sum_drops(&counters));
}

GVariant *
vt_ntp_service_get_clients(VtNtpService *service, unsigned n_most)
{
    (void)vt_ntp_guests_look(service->guests);
    return vt_ntp_report_clients(service->server, service->guests, n_most,
                                 vt_clock_read_boot(service->clock));
}

GVariant *
vt_ntp_service_get_counters(VtNtpService *service)
{
    return vt_ntp_report_counters(service->server);
}
