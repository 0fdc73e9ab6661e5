/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/control-path.h"

#include <gio/gio.h>

const char *
vt_control_path_agent(void)
{
    return VT_RUNTIME_DIR "/agent/control.socket";
}

const char *
vt_control_path_host(void)
{
    return VT_RUNTIME_DIR "/host/control.socket";
}

char *
vt_control_path_to_address(const char *path)
{
    g_autofree char *escaped = g_dbus_address_escape_value(path);

    return g_strconcat("unix:path=", escaped, NULL);
}
