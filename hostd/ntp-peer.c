/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-peer.h"

#include <netinet/in.h>
#include <string.h>

#include <gio/gio.h>

#define V4_MARK UINT64_C(0x0000ffff00000000)

static uint64_t
join(const uint8_t bytes[8])
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_BE(value);
}

VtNtpPeerAddress
vt_ntp_peer_address_from_v4(const uint8_t bytes[4])
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return (VtNtpPeerAddress){ .low = V4_MARK | GUINT32_FROM_BE(value) };
}

VtNtpPeerAddress
vt_ntp_peer_address_from_v6(const uint8_t bytes[16])
{
    return (VtNtpPeerAddress){ .high = join(bytes), .low = join(bytes + 8) };
}

VtNtpPeerAddress
vt_ntp_peer_address_from_socket(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in inet;
        memcpy(&inet, address, sizeof inet);
        return vt_ntp_peer_address_from_v4((const uint8_t *)&inet.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return (VtNtpPeerAddress){ 0 };
    struct sockaddr_in6 inet6;
    memcpy(&inet6, address, sizeof inet6);
    return vt_ntp_peer_address_from_v6(inet6.sin6_addr.s6_addr);
}

bool
vt_ntp_peer_address_is_v4(VtNtpPeerAddress address)
{
    return address.high == 0 && (address.low & ~UINT64_C(0xffffffff)) == V4_MARK;
}

/* A shift by 64 is none at all to the processor. */
static uint64_t
mask_of(unsigned n_bits)
{
    return n_bits == 0 ? 0 : UINT64_MAX << (64 - n_bits);
}

VtNtpPeerAddress
vt_ntp_peer_address_mask(VtNtpPeerAddress address, unsigned n_bits)
{
    g_assert(n_bits <= 128);
    return (VtNtpPeerAddress){
        .high = address.high & mask_of(MIN(n_bits, 64)),
        .low = address.low & mask_of(n_bits > 64 ? n_bits - 64 : 0),
    };
}

char *
vt_ntp_peer_address_format(VtNtpPeerAddress address)
{
    bool is_v4 = vt_ntp_peer_address_is_v4(address);
    uint64_t halves[] = { GUINT64_TO_BE(address.high), GUINT64_TO_BE(address.low) };
    uint32_t v4 = GUINT32_TO_BE((uint32_t)address.low);
    g_autoptr(GInetAddress) inet =
        is_v4 ? g_inet_address_new_from_bytes((const uint8_t *)&v4, G_SOCKET_FAMILY_IPV4)
              : g_inet_address_new_from_bytes((const uint8_t *)halves, G_SOCKET_FAMILY_IPV6);
    return g_inet_address_to_string(inet);
}

unsigned
vt_ntp_peer_hash(const void *data)
{
    const VtNtpPeer *peer = data;
    uint64_t mixed = (peer->address.high ^ (peer->address.low << 1) ^ peer->interface_index) *
                     UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(mixed >> 32);
}

int
vt_ntp_peer_equal(const void *a, const void *b)
{
    const VtNtpPeer *first = a;
    const VtNtpPeer *second = b;
    return first->address.high == second->address.high &&
           first->address.low == second->address.low &&
           first->interface_index == second->interface_index;
}
