/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands of virt-timectl: each asks a daemon and returns what an operator is to read. A
 * new command is one file with one such struct, and one line in the list in command.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "base/units.h"
#include "ctl/connection.h"

typedef struct {
    VtSide side;
    const char *socket_path; /* NULL: where the daemon of that side has it */
    bool json;
    const char *word;  /* what stands behind the name of the command; NULL if nothing may */
    unsigned n_lines;  /* --lines */
    VtNs max_error_ns; /* --max-error; VT_NS_MAX: any */
    VtNs timeout_ns;   /* --timeout */
    bool against_host; /* --against-host */
} VtRequest;

/* Options that not every command has. */
typedef enum {
    VT_COMMAND_HAS_LINES = 1 << 0, /* --lines */
    VT_COMMAND_HAS_WAIT = 1 << 1,  /* --max-error, --timeout, --against-host */
} VtCommandOptions;

typedef struct {
    const char *name;
    VtSide side;      /* asked unless the operator names another */
    bool both_sides;  /* whether another may be named at all */
    const char *word; /* what must stand behind the name: "GUEST"; NULL: nothing may */
    unsigned options; /* VtCommandOptions */
    const char *summary;
    const char *help; /* what the output means, for 'help COMMAND'; ends with a newline */

    /* The text to print, ending with a newline; NULL on failure. Transfer full. */
    char *(*run)(const VtRequest *request, GError **error);
} VtCommand;

extern const VtCommand vt_command_tracking;
extern const VtCommand vt_command_sources;
extern const VtCommand vt_command_clocks;
extern const VtCommand vt_command_journal;
extern const VtCommand vt_command_waitsync;
extern const VtCommand vt_command_guests;
extern const VtCommand vt_command_clients;
extern const VtCommand vt_command_serverstats;
extern const VtCommand vt_command_resync;
extern const VtCommand vt_command_freeze;

/* Transfer none; NULL if there is none of that name, or no further one. */
const VtCommand *vt_command_find(const char *name);
const VtCommand *vt_command_get_nth(size_t index);
