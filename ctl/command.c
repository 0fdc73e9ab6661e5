/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"

#include <glib.h>

static const VtCommand *const commands[] = {
    &vt_command_tracking,   &vt_command_sources,   &vt_command_sourcestats,
    &vt_command_selectdata, &vt_command_ntpdata,   &vt_command_clocks,
    &vt_command_activity,   &vt_command_journal,   &vt_command_waitsync,
    &vt_command_burst,      &vt_command_makestep,  &vt_command_online,
    &vt_command_offline,    &vt_command_onoffline, &vt_command_reload,
    &vt_command_guests,     &vt_command_clients,   &vt_command_serverstats,
    &vt_command_resync,     &vt_command_freeze,    &vt_command_import_chrony,
};

const VtCommand *
vt_command_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i]->name, name))
            return commands[i];
    }
    return NULL;
}

const VtCommand *
vt_command_get_nth(size_t index)
{
    return index < G_N_ELEMENTS(commands) ? commands[index] : NULL;
}
