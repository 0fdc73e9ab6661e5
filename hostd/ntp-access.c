/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-access.h"

#include <string.h>

#include <gio/gio.h>

#include "base/error.h"

typedef struct {
    VtNtpPeerAddress network;
    VtNtpPeerAddress mask;
    unsigned n_bits;
    uint32_t interface_index; /* 0: any, a rule of the settings */
    bool is_allowed;
} Rule;

struct VtNtpAccess {
    GHashTable *peers; /* VtNtpPeer, owned -> whether it is allowed */
    GArray *rules;     /* of Rule, the first that fits decides */
};

VtNtpAccess *
vt_ntp_access_new(void)
{
    VtNtpAccess *access = g_new0(VtNtpAccess, 1);
    access->peers = g_hash_table_new_full(vt_ntp_peer_hash, vt_ntp_peer_equal, g_free, NULL);
    access->rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    return access;
}

void
vt_ntp_access_free(VtNtpAccess *access)
{
    if (access == NULL)
        return;
    g_array_unref(access->rules);
    g_hash_table_unref(access->peers);
    g_free(access);
}

/* Most specific first; then the operator's word, and of two of those the one that denies. */
static int
compare(gconstpointer a, gconstpointer b)
{
    const Rule *first = a;
    const Rule *second = b;
    if (first->n_bits != second->n_bits)
        return first->n_bits > second->n_bits ? -1 : 1;
    if ((first->interface_index == 0) != (second->interface_index == 0))
        return first->interface_index == 0 ? -1 : 1;
    return (int)first->is_allowed - (int)second->is_allowed;
}

static void
insert(VtNtpAccess *access, VtNtpPeerAddress address, Rule rule)
{
    VtNtpPeerAddress all = { UINT64_MAX, UINT64_MAX };
    rule.network = vt_ntp_peer_address_mask(address, rule.n_bits);
    rule.mask = vt_ntp_peer_address_mask(all, rule.n_bits);
    g_array_append_val(access->rules, rule);
    g_array_sort(access->rules, compare);
}

/* Too many bits GLib takes for a mistake of the program, not of its input. */
static bool
is_prefix_good(const char *network)
{
    const char *slash = strchr(network, '/');
    unsigned most = strchr(network, ':') != NULL ? 128 : 32;
    return slash == NULL || g_ascii_string_to_unsigned(slash + 1, 10, 0, most, NULL, NULL);
}

bool
vt_ntp_access_add(VtNtpAccess *access, const char *network, bool is_allowed, GError **error)
{
    if (g_str_equal(network, "all")) {
        insert(access, (VtNtpPeerAddress){ 0 }, (Rule){ .is_allowed = is_allowed });
        return true;
    }
    g_autoptr(GInetAddressMask) parsed =
        is_prefix_good(network) ? g_inet_address_mask_new_from_string(network, NULL) : NULL;
    if (parsed == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "'%s' is not a network like 192.0.2.0/24, 2001:db8::/32, an address or "
                    "'all'",
                    network);
        return false;
    }
    const uint8_t *bytes = g_inet_address_to_bytes(g_inet_address_mask_get_address(parsed));
    unsigned n_bits = g_inet_address_mask_get_length(parsed);
    bool is_v4 = g_inet_address_mask_get_family(parsed) == G_SOCKET_FAMILY_IPV4;
    insert(access,
           is_v4 ? vt_ntp_peer_address_from_v4(bytes) : vt_ntp_peer_address_from_v6(bytes),
           (Rule){ .n_bits = is_v4 ? VT_NTP_PEER_V4_PREFIX_BITS + n_bits : n_bits,
                   .is_allowed = is_allowed });
    return true;
}

void
vt_ntp_access_add_own(VtNtpAccess *access,
                      uint32_t interface_index,
                      VtNtpPeerAddress address,
                      unsigned n_bits)
{
    insert(access, address,
           (Rule){ .n_bits = n_bits, .interface_index = interface_index, .is_allowed = true });
}

void
vt_ntp_access_add_peer(VtNtpAccess *access, const VtNtpPeer *peer, bool is_allowed)
{
    gpointer known;
    if (g_hash_table_lookup_extended(access->peers, peer, NULL, &known))
        is_allowed &= GPOINTER_TO_INT(known) != 0;
    g_hash_table_insert(access->peers, g_memdup2(peer, sizeof *peer),
                        GINT_TO_POINTER(is_allowed ? 1 : 0));
}

static bool
fits(const Rule *rule, const VtNtpPeer *peer)
{
    return (peer->address.high & rule->mask.high) == rule->network.high &&
           (peer->address.low & rule->mask.low) == rule->network.low &&
           (rule->interface_index == 0 || rule->interface_index == peer->interface_index);
}

bool
vt_ntp_access_is_allowed(const VtNtpAccess *access, const VtNtpPeer *peer)
{
    gpointer is_allowed;
    if (g_hash_table_size(access->peers) > 0 &&
        g_hash_table_lookup_extended(access->peers, peer, NULL, &is_allowed))
        return GPOINTER_TO_INT(is_allowed) != 0;
    for (unsigned i = 0; i < access->rules->len; i++) {
        const Rule *rule = &g_array_index(access->rules, Rule, i);
        if (fits(rule, peer))
            return rule->is_allowed;
    }
    return false;
}

size_t
vt_ntp_access_get_n_rules(const VtNtpAccess *access)
{
    return access->rules->len;
}
