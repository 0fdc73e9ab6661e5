/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live view: one command again and again until somebody ends it. */
#pragma once

#include "ctl/command.h"

/*
 * Runs @command each @every_ns: on a terminal the answers replace one another, elsewhere they
 * follow one another. A daemon that does not answer at first is a failure; one that goes away
 * later is waited for. True when it was ended by a signal or by the reader; else @error says why.
 */
bool
vt_watch_run(const VtCommand *command, const VtRequest *request, VtNs every_ns, GError **error);
