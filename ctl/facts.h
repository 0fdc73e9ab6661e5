/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the a{sv} of a daemon's answer into words. A key that is missing or has another type
 * (an older or a newer daemon) reads as unknown, false or zero; it never fails.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

bool vt_facts_get_flag(GVariant *facts, const char *key);
/* Integers of every D-Bus type; beyond int64_t they saturate. */
int64_t vt_facts_get_int(GVariant *facts, const char *key);
double vt_facts_get_number(GVariant *facts, const char *key);
/* The a{sv} at @key; an empty one if there is none. Transfer full. */
GVariant *vt_facts_get_group(GVariant *facts, const char *key);
bool vt_facts_has_entries(GVariant *facts);

/* All transfer full. Text is escaped for a terminal; @absent stands for "" and for no such key. */
char *vt_facts_format_text(GVariant *facts, const char *key, const char *absent);
/* "40 us", "+1.25 ms"; "unknown" where there is no such key. */
char *vt_facts_format_span(GVariant *facts, const char *key);
char *vt_facts_format_offset(GVariant *facts, const char *key);
/* "34 s", "12 min", "5 h", "3 d": for how long ago something was. */
char *vt_facts_format_age(GVariant *facts, const char *key);
