/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-listen.h"

#include <string.h>

#include "base/error.h"

#define NETWORK_PREFIX "network:"

/* As the kernel's dev_valid_name. */
bool
vt_ntp_listen_is_interface(const char *text)
{
    if (*text == '\0' || strlen(text) >= IF_NAMESIZE || g_str_equal(text, ".") ||
        g_str_equal(text, ".."))
        return false;
    bool has_letter = false;
    for (; *text != '\0'; text++) {
        if (strchr("/:[]", *text) != NULL || !g_ascii_isgraph(*text))
            return false;
        has_letter |= g_ascii_isalpha(*text);
    }
    return has_letter;
}

static bool
parse_one(const char *text, uint16_t ntp_port, VtNtpListenAt *ret_at, GError **error)
{
    VtNtpListenAt at = { .network = NULL };

    if (g_str_has_prefix(text, NETWORK_PREFIX) && text[strlen(NETWORK_PREFIX)] != '\0')
        at.network = text + strlen(NETWORK_PREFIX);
    else if (vt_ntp_listen_is_interface(text))
        g_strlcpy(at.interface, text, sizeof at.interface);
    else if (!vt_ntp_address_parse(text, ntp_port, &at.address, error)) {
        g_prefix_error(error, "neither an interface nor 'network:NAME', and ");
        return false;
    }
    *ret_at = at;
    return true;
}

static bool
add(VtNtpListen *listen, const char *text, uint16_t ntp_port, GError **error)
{
    if (listen->n_at == VT_NTP_LISTEN_MOST) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "more than %d places",
                    VT_NTP_LISTEN_MOST);
        return false;
    }
    if (!parse_one(text, ntp_port, &listen->at[listen->n_at], error))
        return false;
    listen->n_at += 1;
    return true;
}

bool
vt_ntp_listen_parse(const char *const *listen,
                    int64_t ntp_port,
                    VtNtpListen *ret_listen,
                    GError **error)
{
    static const char *const loopback[] = { "127.0.0.1", "::1", NULL };
    VtNtpListen result = { .is_asked_for = listen[0] != NULL, .port = (uint16_t)ntp_port };
    const char *const *texts = result.is_asked_for ? listen : loopback;

    for (size_t i = 0; texts[i] != NULL; i++) {
        if (!add(&result, texts[i], (uint16_t)ntp_port, error)) {
            g_prefix_error(error, "[hostd] listen: ");
            return false;
        }
    }
    if (ntp_port == 0)
        result.n_at = 0;
    *ret_listen = result;
    return true;
}

static VtNtpAddress
any_address(sa_family_t family, uint16_t port)
{
    VtNtpAddress address = {
        .n_bytes = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
    };
    address.socket_address.ss_family = family;
    vt_ntp_address_set_port(&address, port);
    return address;
}

size_t
vt_ntp_listen_get_places(const VtNtpListen *listen,
                         VtNtpServerPlace ret_places[VT_NTP_SERVER_MOST_PLACES])
{
    size_t n_places = 0;
    for (size_t i = 0; i < listen->n_at; i++) {
        const VtNtpListenAt *at = &listen->at[i];
        VtNtpServerPlace place = { .place.address = at->address, .fd = VT_FD_NONE };
        g_strlcpy(place.place.interface, at->interface, sizeof place.place.interface);
        if (at->interface[0] != '\0') {
            place.place.address = any_address(AF_INET, listen->port);
            ret_places[n_places++] = place;
            place.place.address = any_address(AF_INET6, listen->port);
            ret_places[n_places++] = place;
        } else if (at->network == NULL) {
            ret_places[n_places++] = place;
        }
    }
    return n_places;
}
