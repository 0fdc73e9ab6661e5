/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of typed, ranged settings, read from a GKeyFile into one plain struct. The table is
 * the only description of a setting in the code: parsing, defaults, range checks, the list for
 * `--help` and the comparison with the man page all read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef enum {
    VT_OPTION_INVALID,
    VT_OPTION_BOOL,     /* field: bool */
    VT_OPTION_INT,      /* field: int64_t */
    VT_OPTION_DURATION, /* field: VtNs; written with a unit */
    VT_OPTION_CHOICE,   /* field: int; index into choices */
    VT_OPTION_TEXT,     /* field: char *; NULL when empty */
    VT_OPTION_LIST, /* field: char **; separated by ';' or blanks; never NULL after parsing */
} VtOptionKind;

typedef struct {
    const char *group;
    const char *key;
    VtOptionKind kind;
    size_t field_offset;      /* of the field in the settings struct, by offsetof */
    const char *default_text; /* as it would stand in the file */
    int64_t least;            /* VT_OPTION_INT and VT_OPTION_DURATION (ns) */
    int64_t greatest;
    const char *const *choices; /* VT_OPTION_CHOICE: NULL-terminated */
    const char *summary;        /* one line for a person */
    bool is_fixed;              /* a change is in force only after a restart */
} VtOption;

/*
 * A kind of group that may stand any number of times, each with a name of its own:
 * "[server office]", "[server home]". Each makes one struct with the fields of @options, in the
 * order of the file.
 */
typedef struct {
    const char *kind;    /* "server" */
    size_t field_offset; /* of a GPtrArray * in the settings struct; never NULL after parsing */
    size_t n_element_bytes;  /* of one struct */
    size_t name_offset;      /* of a char * in it: "office" */
    const VtOption *options; /* their offsets are in that struct; group: as in the manual */
    size_t n_options;
    bool is_fixed; /* as of an option: what is added, taken away or changed */
} VtOptionKindOfGroup;

typedef struct {
    const VtOption *options;
    size_t n_options;
    const VtOptionKindOfGroup *repeated;
    size_t n_repeated;
} VtOptionTable;

/*
 * Fills every field of @config that the table names: from @file where the key stands, else
 * from the default. Unknown groups and keys, malformed values and values out of range fail
 * with VT_ERROR_INVALID and a message that begins with "[GROUP] KEY: " or "[GROUP]: "; @config
 * is then cleared. The caller hands @config in zeroed. @file may be NULL: defaults alone. Fields in
 * @config are owned by the caller and released with vt_options_clear.
 */
bool vt_options_parse(const VtOptionTable *table, GKeyFile *file, void *config, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether two structs of groups of @kind have the same name and the same values. */
bool
vt_options_are_same(const VtOptionKindOfGroup *kind, const void *element, const void *other);

/*
 * What is fixed and differs between two settings: "[group] key", or "[kind]" of a kind of group.
 * Never NULL. Transfer full.
 */
char **vt_options_list_fixed_changes(const VtOptionTable *table,
                                     const void *config,
                                     const void *other);

/* Frees what vt_options_parse allocated in @config and sets those fields to NULL. */
void vt_options_clear(const VtOptionTable *table, void *config);
