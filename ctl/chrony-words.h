/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a chrony.conf, and what may be written into a settings file as it is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* The words of a line, between blanks. Transfer full. */
char **vt_chrony_split(const char *line);

bool vt_chrony_parse_int(const char *word, int64_t least, int64_t greatest, int64_t *ret_value);

/* An address or a host name by its characters. */
bool vt_chrony_is_host(const char *word);

/* An absolute path without blanks, escapes or anything that does not print. */
bool vt_chrony_is_path(const char *word);

/* Words of one line of the file. */
typedef struct {
    unsigned line;
    char **words;
    size_t n_words; /* 0: up to the end */
} VtChronyPlace;

/* Appends a VtChronyNote about @place. @reason is static. */
void vt_chrony_note(GPtrArray *notes, const VtChronyPlace *place, const char *reason);

/* @wanted, or with a number behind it if @names has that already. It is added. Transfer none. */
const char *vt_chrony_name(GHashTable *names, const char *wanted);
