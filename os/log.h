/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a daemon's log goes: to the system journal with all its fields, or as one line for
 * each event to stderr.
 */
#pragma once

#include <stdbool.h>

/*
 * @to_stderr: never to the journal. @debug: also what only developers want to know. To be
 * called once, before anything is logged.
 */
void vt_log_begin(bool to_stderr, bool debug);
