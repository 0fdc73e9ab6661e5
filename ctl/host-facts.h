/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What virt-time-hostd knows of its own machine, as lines of text: the heading of one command,
 * the whole of another.
 */
#pragma once

#include <glib.h>

/* @facts is what GetHost returned. */
void vt_host_facts_append_to(GVariant *facts, GString *output);
