/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the main loop until something has come about; a test that would wait for ever fails. */
#pragma once

#include "agent/agent.h"

void wait_for_count(const unsigned *value, unsigned wanted);
void wait_for_state(VtAgent *agent, VtState state);
/* Synchronised with what is called @reference. */
void wait_until_following(VtAgent *agent, const char *reference);
