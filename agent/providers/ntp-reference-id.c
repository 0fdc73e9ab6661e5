/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-reference-id.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <glib.h>

static uint32_t
hash_address(const struct in6_addr *address)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_MD5);
    uint8_t digest[16];
    gsize n_bytes = sizeof digest;
    uint32_t reference_id;

    g_checksum_update(checksum, address->s6_addr, sizeof address->s6_addr);
    g_checksum_get_digest(checksum, digest, &n_bytes);
    memcpy(&reference_id, digest, sizeof reference_id);
    return ntohl(reference_id);
}

uint32_t
vt_ntp_reference_id_of(const struct sockaddr *address)
{
    struct sockaddr_in inet;
    struct sockaddr_in6 inet6;

    if (address->sa_family == AF_INET) {
        memcpy(&inet, address, sizeof inet);
        return ntohl(inet.sin_addr.s_addr);
    }
    if (address->sa_family != AF_INET6)
        return 0;
    memcpy(&inet6, address, sizeof inet6);
    return hash_address(&inet6.sin6_addr);
}
