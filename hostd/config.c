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
    },
    {
        .group = "hostd",
        .key = "opener-socket",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtHostdConfig, opener_socket),
        .default_text = VT_OPENER_SOCKET,
        .summary = "where virt-time-opener is asked for channels; empty: nobody is",
    },
    {
        .group = "hostd",
        .key = "listen",
        .kind = VT_OPTION_LIST,
        .field_offset = offsetof(VtHostdConfig, listen),
        .default_text = "",
        .summary = "addresses of this host on which NTP clients are answered",
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
