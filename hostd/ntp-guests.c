/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-guests.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "os/fd.h"

#define ANSWER_BYTES 32768

typedef struct {
    char *name;
    VtDomainMacs macs;
} Guest;

struct VtNtpGuests {
    GHashTable *guests;     /* UUID -> Guest, both owned */
    GHashTable *macs;       /* VtDomainMac, owned -> UUID, the key of guests */
    GHashTable *neighbours; /* VtNtpPeer -> VtDomainMac, both owned */
    bool has_changed;
};

static guint
hash_mac(gconstpointer data)
{
    const VtDomainMac *mac = data;
    guint value = 5381;
    for (size_t i = 0; i < sizeof mac->bytes; i++)
        value = value * 33 + mac->bytes[i];
    return value;
}

static gboolean
is_same_mac(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(VtDomainMac)) == 0;
}

static void
guest_free(gpointer data)
{
    Guest *guest = data;
    g_free(guest->name);
    g_free(guest);
}

VtNtpGuests *
vt_ntp_guests_new(void)
{
    VtNtpGuests *guests = g_new0(VtNtpGuests, 1);
    guests->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, guest_free);
    guests->macs = g_hash_table_new_full(hash_mac, is_same_mac, g_free, NULL);
    guests->neighbours =
        g_hash_table_new_full(vt_ntp_peer_hash, vt_ntp_peer_equal, g_free, g_free);
    return guests;
}

void
vt_ntp_guests_free(VtNtpGuests *guests)
{
    if (guests == NULL)
        return;
    g_hash_table_unref(guests->neighbours);
    g_hash_table_unref(guests->macs);
    g_hash_table_unref(guests->guests);
    g_free(guests);
}

static void
forget(VtNtpGuests *guests, const char *uuid)
{
    GHashTableIter iter;
    gpointer owner;
    g_hash_table_iter_init(&iter, guests->macs);
    while (g_hash_table_iter_next(&iter, NULL, &owner)) {
        if (g_str_equal(owner, uuid))
            g_hash_table_iter_remove(&iter);
    }
    g_hash_table_remove(guests->guests, uuid);
}

void
vt_ntp_guests_set(VtNtpGuests *guests,
                  const char *uuid,
                  const char *name,
                  const VtDomainMacs *macs)
{
    const Guest *known = g_hash_table_lookup(guests->guests, uuid);
    if (known != NULL && macs != NULL && known->macs.n_macs == macs->n_macs &&
        memcmp(known->macs.macs, macs->macs, macs->n_macs * sizeof *macs->macs) == 0)
        return;
    guests->has_changed = true;
    forget(guests, uuid);
    if (macs == NULL)
        return;

    Guest *guest = g_new0(Guest, 1);
    char *key = g_strdup(uuid);
    guest->name = g_strdup(name);
    guest->macs = *macs;
    g_hash_table_insert(guests->guests, key, guest);
    for (size_t i = 0; i < macs->n_macs; i++)
        g_hash_table_insert(guests->macs, g_memdup2(&macs->macs[i], sizeof macs->macs[i]), key);
}

void
vt_ntp_guests_note(VtNtpGuests *guests, const VtNtpPeer *peer, const VtDomainMac *mac)
{
    const VtDomainMac *known = g_hash_table_lookup(guests->neighbours, peer);
    if (known != NULL && is_same_mac(known, mac))
        return;
    /* Neighbours that are no guests need not be remembered, unless they were one. */
    if (known == NULL && (!g_hash_table_contains(guests->macs, mac) ||
                          g_hash_table_size(guests->neighbours) >= VT_NTP_GUESTS_MOST))
        return;
    g_hash_table_insert(guests->neighbours, g_memdup2(peer, sizeof *peer),
                        g_memdup2(mac, sizeof *mac));
    guests->has_changed = true;
}

static void
take_neighbour(VtNtpGuests *guests, const struct nlmsghdr *message)
{
    const struct ndmsg *entry = NLMSG_DATA(message);
    const uint8_t *address = NULL;
    const VtDomainMac *mac = NULL;
    int n_bytes = (int)NLMSG_PAYLOAD(message, sizeof *entry);

    for (const struct rtattr *part =
             (const void *)((const uint8_t *)entry + NLMSG_ALIGN(sizeof *entry));
         RTA_OK(part, n_bytes); part = RTA_NEXT(part, n_bytes)) {
        size_t n_wanted = entry->ndm_family == AF_INET ? 4 : 16;
        if (part->rta_type == NDA_DST && RTA_PAYLOAD(part) == n_wanted)
            address = RTA_DATA(part);
        if (part->rta_type == NDA_LLADDR && RTA_PAYLOAD(part) == sizeof *mac)
            mac = RTA_DATA(part);
    }
    if (address == NULL || mac == NULL ||
        (entry->ndm_family != AF_INET && entry->ndm_family != AF_INET6))
        return;
    VtNtpPeer peer = {
        .address = entry->ndm_family == AF_INET ? vt_ntp_peer_address_from_v4(address)
                                                : vt_ntp_peer_address_from_v6(address),
        .interface_index = (uint32_t)entry->ndm_ifindex,
    };
    vt_ntp_guests_note(guests, &peer, mac);
}

/* False at the end of the answer, or if there is none. */
static bool
take_answer(VtNtpGuests *guests, int fd, void *buffer)
{
    ssize_t n_received = recv(fd, buffer, ANSWER_BYTES, 0);
    if (n_received <= 0)
        return false;
    size_t n_bytes = (size_t)n_received;
    for (const struct nlmsghdr *message = buffer; NLMSG_OK(message, n_bytes);
         message = NLMSG_NEXT(message, n_bytes)) {
        if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
            return false;
        if (message->nlmsg_type == RTM_NEWNEIGH)
            take_neighbour(guests, message);
    }
    return true;
}

bool
vt_ntp_guests_look(VtNtpGuests *guests)
{
    struct {
        struct nlmsghdr header;
        struct ndmsg entry;
    } question = {
        .header = { .nlmsg_len = sizeof question,
                    .nlmsg_type = RTM_GETNEIGH,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
    };
    g_auto(VtFd) fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    g_autofree void *buffer = g_malloc(ANSWER_BYTES);

    /* The kernel has the answer at once: this waits for nobody. */
    if (fd >= 0 && send(fd, &question, sizeof question, 0) == sizeof question) {
        while (take_answer(guests, fd, buffer))
            continue;
    }
    bool has_changed = guests->has_changed;
    guests->has_changed = false;
    return has_changed;
}

static const char *
find_uuid(VtNtpGuests *guests, const VtNtpPeer *peer)
{
    const VtDomainMac *mac = g_hash_table_lookup(guests->neighbours, peer);
    return mac != NULL ? g_hash_table_lookup(guests->macs, mac) : NULL;
}

const char *
vt_ntp_guests_find(VtNtpGuests *guests, const VtNtpPeer *peer)
{
    const char *uuid = find_uuid(guests, peer);
    const Guest *guest = uuid != NULL ? g_hash_table_lookup(guests->guests, uuid) : NULL;
    return guest != NULL ? guest->name : NULL;
}

void
vt_ntp_guests_add_rule(VtNtpGuests *guests,
                       const char *domain,
                       bool is_allowed,
                       VtNtpAccess *access)
{
    GHashTableIter iter;
    gpointer peer;
    g_hash_table_iter_init(&iter, guests->neighbours);
    while (g_hash_table_iter_next(&iter, &peer, NULL)) {
        const char *uuid = find_uuid(guests, peer);
        const char *name = vt_ntp_guests_find(guests, peer);
        if (uuid != NULL && (g_str_equal(uuid, domain) || g_str_equal(name, domain)))
            vt_ntp_access_add_peer(access, peer, is_allowed);
    }
}
