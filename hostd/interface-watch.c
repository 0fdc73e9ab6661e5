/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/interface-watch.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>

#include "os/fd.h"

struct VtInterfaceWatch {
    VtFd fd;
    guint source_id;
    void (*func)(void *user_data);
    void *user_data;
};

static unsigned
count_bits(const struct sockaddr *mask)
{
    VtNtpPeerAddress bits = vt_ntp_peer_address_from_socket(mask);
    unsigned n_bits =
        (unsigned)(__builtin_popcountll(bits.high) + __builtin_popcountll(bits.low));
    /* An IPv4 mask has 16 of the mark in front of it, which stand for 96. */
    return mask->sa_family == AF_INET ? n_bits - 16 + VT_NTP_PEER_V4_PREFIX_BITS : n_bits;
}

/* The VRF that it belongs to, if it is a port of one; a bridge's port has no addresses. */
static void
find_master(const char *name, char ret_master[IF_NAMESIZE])
{
    g_autofree char *path = g_strdup_printf("/sys/class/net/%s/master", name);
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *master = target != NULL ? g_path_get_basename(target) : NULL;
    g_strlcpy(ret_master, master != NULL ? master : "", IF_NAMESIZE);
}

static void
add_address(GArray *addresses, const struct ifaddrs *entry)
{
    VtInterfaceAddress address = {
        .index = if_nametoindex(entry->ifa_name),
        .is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0,
        .address = vt_ntp_peer_address_from_socket(entry->ifa_addr),
        .n_bits = count_bits(entry->ifa_netmask),
    };
    g_strlcpy(address.name, entry->ifa_name, sizeof address.name);
    find_master(entry->ifa_name, address.master);
    g_array_append_val(addresses, address);
}

GArray *
vt_interface_list_addresses(void)
{
    GArray *addresses = g_array_new(FALSE, FALSE, sizeof(VtInterfaceAddress));
    struct ifaddrs *entries = NULL;

    if (getifaddrs(&entries) < 0)
        return addresses;
    for (const struct ifaddrs *entry = entries; entry != NULL; entry = entry->ifa_next) {
        if (entry->ifa_addr != NULL && entry->ifa_netmask != NULL &&
            (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6))
            add_address(addresses, entry);
    }
    freeifaddrs(entries);
    return addresses;
}

static gboolean
on_change(gint fd, GIOCondition condition, gpointer user_data)
{
    VtInterfaceWatch *watch = user_data;
    uint8_t bytes[4096];
    (void)condition;

    /* What changed is not read: all of it is looked at again. */
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    watch->func(watch->user_data);
    return G_SOURCE_CONTINUE;
}

VtInterfaceWatch *
vt_interface_watch_new(void (*func)(void *user_data), void *user_data)
{
    VtInterfaceWatch *watch = g_new0(VtInterfaceWatch, 1);
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
    };

    watch->func = func;
    watch->user_data = user_data;
    watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (watch->fd >= 0 &&
        bind(watch->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        watch->source_id = g_unix_fd_add(watch->fd, G_IO_IN, on_change, watch);
    return watch;
}

void
vt_interface_watch_free(VtInterfaceWatch *watch)
{
    if (watch == NULL)
        return;
    g_clear_handle_id(&watch->source_id, g_source_remove);
    vt_fd_close(&watch->fd);
    g_free(watch);
}
