/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs virt-timectl as it ships, while a fake daemon answers from this thread. */
#pragma once

#include <glib.h>

typedef struct {
    int exit_code;
    char *output;
    char *errors;
} Outcome;

void outcome_clear(Outcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcome, outcome_clear)

/* Where the program is. */
const char *timectl_get_path(void);

/* @words is its command line, without the program. Turns the main loop until it has ended. */
Outcome timectl_run(const char *const *words);
#define RUN(...) timectl_run((const char *const[]){ __VA_ARGS__, NULL })
