/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/config.h"

#include "hostd/host-clock.h"

static const char *const trusts[] = {
    [VT_HOST_CLOCK_AUTO] = "auto",
    [VT_HOST_CLOCK_TRUSTED] = "trusted",
    [VT_HOST_CLOCK_UNSYNCHRONISED] = "unsynchronised",
    NULL,
};

static const VtOption options[] = {
    {
        .group = "hostd",
        .key = "uri",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtHostdConfig, uri),
        .default_text = "qemu:///system",
        .summary = "libvirt connection whose guests are served",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "host-clock",
        .kind = VT_OPTION_CHOICE,
        .field_offset = offsetof(VtHostdConfig, host_clock),
        .default_text = "auto",
        .choices = trusts,
        .summary = "how good this host's own clock is",
    },
    {
        .group = "hostd",
        .key = "control-socket",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtHostdConfig, control_socket),
        .default_text = "",
        .summary = "path of the control socket",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "opener-socket",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtHostdConfig, opener_socket),
        .default_text = VT_OPENER_SOCKET,
        .summary = "where virt-time-opener is asked for channels; empty: nobody is",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "listen",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtHostdConfig, listen),
        .default_text = "",
        .summary = "addresses, interfaces and networks on which NTP clients are answered",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "ntp-port",
        .kind = VT_OPTION_INT,
        .field_offset = offsetof(VtHostdConfig, ntp_port),
        .default_text = "123",
        .least = 0,
        .greatest = 65535,
        .summary = "UDP port of the NTP service; 0: none",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "allow",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtHostdConfig, allow),
        .default_text = "",
        .summary = "networks and guests that are answered, besides those of `listen`",
    },
    {
        .group = "hostd",
        .key = "deny",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtHostdConfig, deny),
        .default_text = "",
        .summary = "networks and guests that are not answered",
    },
    {
        .group = "hostd",
        .key = "ntp-keys",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtHostdConfig, ntp_keys),
        .default_text = "",
        .summary = "file of the keys of authenticated NTP clients; empty: none",
    },
    {
        .group = "hostd",
        .key = "ntp-hardware-stamps",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtHostdConfig, ntp_cards),
        .default_text = "",
        .summary = "interfaces whose network cards shall stamp NTP packets",
        .is_fixed = true,
    },
    {
        .group = "hostd",
        .key = "ntp-interval",
        .kind = VT_OPTION_DURATION,
        .field_offset = offsetof(VtHostdConfig, ntp_interval),
        .default_text = "125ms",
        .least = 0,
        .greatest = 1024 * VT_NS_PER_SEC,
        .summary = "how often one NTP client may ask, on average; 0s: without limit",
    },
    {
        .group = "hostd",
        .key = "ntp-burst",
        .kind = VT_OPTION_INT,
        .field_offset = offsetof(VtHostdConfig, ntp_burst),
        .default_text = "16",
        .least = 1,
        .greatest = 1000,
        .summary = "how many requests one NTP client may send at once",
    },
    {
        .group = "hostd",
        .key = "stratum",
        .kind = VT_OPTION_INT,
        .field_offset = offsetof(VtHostdConfig, ntp_stratum),
        .default_text = "0",
        .least = 0,
        .greatest = 15,
        .summary = "what NTP clients of an unsynchronised host are told; 0: that it is not",
    },
};

VtOptionTable
vt_hostd_config_get_table(void)
{
    return (VtOptionTable){ .options = options, .n_options = G_N_ELEMENTS(options) };
}

void
vt_hostd_config_clear(VtHostdConfig *config)
{
    VtOptionTable table = vt_hostd_config_get_table();
    vt_options_clear(&table, config);
}
