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
#include "ctl/session.h"

typedef struct {
    VtSide side;
    VtSession *session; /* with the daemon of that side */
    bool json;
    bool verbose;      /* explain the signs and headings */
    bool colour;       /* it is read on a terminal that shows them */
    const char *word;  /* what stands behind the name of the command; NULL if nothing does */
    unsigned n_lines;  /* --lines */
    VtNs max_error_ns; /* --max-error; VT_NS_MAX: any */
    VtNs timeout_ns;   /* --timeout */
    bool against_host; /* --against-host */
} VtRequest;

/* Options that not every command has. */
typedef enum {
    VT_COMMAND_HAS_LINES = 1 << 0,   /* --lines */
    VT_COMMAND_HAS_WAIT = 1 << 1,    /* --max-error, --timeout, --against-host */
    VT_COMMAND_HAS_VERBOSE = 1 << 2, /* --verbose */
    VT_COMMAND_HAS_WATCH = 1 << 3,   /* --watch: it only looks */
} VtCommandOptions;

typedef struct {
    const char *name;
    VtSide side;     /* asked unless the operator names another */
    bool both_sides; /* whether another may be named at all */
    const char
        *word; /* what must stand behind the name: "GUEST"; "[SOURCE]": may; NULL: nothing */
    unsigned options; /* VtCommandOptions */
    const char *summary;
    const char *help; /* what the output means, for 'help COMMAND'; ends with a newline */

    /* The text to print, ending with a newline; NULL on failure. Transfer full. */
    char *(*run)(const VtRequest *request, GError **error);
} VtCommand;

extern const VtCommand vt_command_tracking;
extern const VtCommand vt_command_sources;
extern const VtCommand vt_command_sourcestats;
extern const VtCommand vt_command_selectdata;
extern const VtCommand vt_command_ntpdata;
extern const VtCommand vt_command_clocks;
extern const VtCommand vt_command_activity;
extern const VtCommand vt_command_journal;
extern const VtCommand vt_command_waitsync;
extern const VtCommand vt_command_burst;
extern const VtCommand vt_command_makestep;
extern const VtCommand vt_command_online;
extern const VtCommand vt_command_onoffline;
extern const VtCommand vt_command_offline;
extern const VtCommand vt_command_reload;
extern const VtCommand vt_command_guests;
extern const VtCommand vt_command_clients;
extern const VtCommand vt_command_serverstats;
extern const VtCommand vt_command_resync;
extern const VtCommand vt_command_freeze;
extern const VtCommand vt_command_import_chrony;

/* Transfer none; NULL if there is none of that name, or no further one. */
const VtCommand *vt_command_find(const char *name);
const VtCommand *vt_command_get_nth(size_t index);
