/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/opener-config.h"

static const VtOption options[] = {
    {
        .group = "opener",
        .key = "user",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtOpenerConfig, user),
        .default_text = VT_HOST_USER,
        .summary = "who may ask, besides root",
    },
    {
        .group = "opener",
        .key = "uris",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtOpenerConfig, uris),
        .default_text = "qemu:///system",
        .summary = "libvirt connections whose guests' channels are opened",
    },
    {
        .group = "opener",
        .key = "folders",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtOpenerConfig, folders),
        .default_text = "/var/lib/libvirt/qemu/channel;/run/libvirt/qemu/channel",
        .summary = "folders beneath which channels may lie",
    },
    {
        .group = "opener",
        .key = "socket",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtOpenerConfig, socket),
        .default_text = VT_OPENER_SOCKET,
        .summary = "where to listen when no socket unit does",
    },
};

VtOptionTable
vt_opener_config_get_table(void)
{
    return (VtOptionTable){ .options = options, .n_options = G_N_ELEMENTS(options) };
}

void
vt_opener_config_clear(VtOpenerConfig *config)
{
    VtOptionTable table = vt_opener_config_get_table();
    vt_options_clear(&table, config);
}
