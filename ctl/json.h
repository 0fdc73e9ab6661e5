/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon answers, as JSON: an a{sv} becomes an object with the very keys of the D-Bus
 * interface, an array an array, integers stay integers. Keys are sorted.
 */
#pragma once

#include <glib.h>

/* Indented, ending with a newline, safe on a terminal. Transfer full. */
char *vt_json_from_answer(GVariant *answer);
