/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-address.h"

#include <netinet/in.h>
#include <string.h>

#include <gio/gio.h>

#include "base/error.h"

static bool
split(const char *text, char **ret_host, const char **ret_port)
{
    const char *colon = strchr(text, ':');
    if (*text == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        *ret_host = g_strndup(text + 1, (size_t)(end - text - 1));
        *ret_port = end[1] == ':' ? end + 2 : NULL;
        return true;
    }
    /* More colons than one: IPv6 without brackets, which leaves no room for a port. */
    bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
    *ret_host = has_port ? g_strndup(text, (size_t)(colon - text)) : g_strdup(text);
    *ret_port = has_port ? colon + 1 : NULL;
    return true;
}

static bool
parse(const char *text, uint16_t default_port, VtNtpAddress *ret_address)
{
    g_autofree char *host = NULL;
    const char *port_text = NULL;
    guint64 port = default_port;

    if (!split(text, &host, &port_text))
        return false;
    if (port_text != NULL &&
        !g_ascii_string_to_unsigned(port_text, 10, 1, UINT16_MAX, &port, NULL))
        return false;

    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string(host, (guint)port);
    if (address == NULL)
        return false;
    VtNtpAddress result = { .n_bytes = (socklen_t)g_socket_address_get_native_size(address) };
    if (!g_socket_address_to_native(address, &result.socket_address,
                                    sizeof result.socket_address, NULL))
        return false;
    *ret_address = result;
    return true;
}

bool
vt_ntp_address_parse(const char *text,
                     uint16_t default_port,
                     VtNtpAddress *ret_address,
                     GError **error)
{
    if (parse(text, default_port, ret_address))
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                "'%s' is not an address like 192.0.2.1, 192.0.2.1:123 or [2001:db8::1]:123",
                text);
    return false;
}

VtNtpAddress
vt_ntp_address_from_peer(VtNtpPeerAddress peer, uint16_t port)
{
    VtNtpAddress address = { 0 };
    if (vt_ntp_peer_address_is_v4(peer)) {
        struct sockaddr_in inet = {
            .sin_family = AF_INET,
            .sin_port = htons(port),
            .sin_addr.s_addr = htonl((uint32_t)peer.low),
        };
        address.n_bytes = sizeof inet;
        memcpy(&address.socket_address, &inet, sizeof inet);
        return address;
    }
    uint64_t halves[] = { GUINT64_TO_BE(peer.high), GUINT64_TO_BE(peer.low) };
    struct sockaddr_in6 inet6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    memcpy(&inet6.sin6_addr, halves, sizeof halves);
    address.n_bytes = sizeof inet6;
    memcpy(&address.socket_address, &inet6, sizeof inet6);
    return address;
}

/* The port has the same place in the addresses of both families. */
uint16_t
vt_ntp_address_get_port(const VtNtpAddress *address)
{
    struct sockaddr_in inet;
    memcpy(&inet, &address->socket_address, sizeof inet);
    return ntohs(inet.sin_port);
}

void
vt_ntp_address_set_port(VtNtpAddress *address, uint16_t port)
{
    struct sockaddr_in inet;
    memcpy(&inet, &address->socket_address, sizeof inet);
    inet.sin_port = htons(port);
    memcpy(&address->socket_address, &inet, sizeof inet);
}

static GInetSocketAddress *
to_inet(const VtNtpAddress *address)
{
    GSocketAddress *inet =
        g_socket_address_new_from_native((gpointer)&address->socket_address, address->n_bytes);
    return G_INET_SOCKET_ADDRESS(inet);
}

char *
vt_ntp_address_format(const VtNtpAddress *address)
{
    g_autoptr(GInetSocketAddress) inet = to_inet(address);
    return g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(inet));
}

bool
vt_ntp_address_to_link(const VtNtpAddress *address, VtLinkAddress *ret_address)
{
    g_autoptr(GInetSocketAddress) inet = to_inet(address);
    GInetAddress *host = g_inet_socket_address_get_address(inet);
    if (g_inet_address_get_is_loopback(host) || g_inet_address_get_is_link_local(host) ||
        g_inet_address_get_is_any(host) || g_inet_address_get_is_multicast(host))
        return false;

    *ret_address = (VtLinkAddress){
        .family = g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV4 ? 4 : 6,
        .port = g_inet_socket_address_get_port(inet),
    };
    memcpy(ret_address->address, g_inet_address_to_bytes(host),
           g_inet_address_get_native_size(host));
    return true;
}
