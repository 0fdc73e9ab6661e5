/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands have in common that change something and have little to say afterwards. */
#pragma once

#include "ctl/command.h"

/*
 * Makes @call. The answer is @words, or as JSON an object in which @key is the word of the
 * command line, or true if there is none. Transfer full; NULL on failure.
 */
char *vt_change_run(const VtRequest *request,
                    const VtCall *call,
                    const char *key,
                    const char *words,
                    GError **error);
