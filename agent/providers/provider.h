/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock that the local one can be compared with. A provider takes one bracketed reading at a
 * time, when asked, and hands it over from the main loop; it decides nothing. Each kind is one
 * file; adding one means that file and the line that makes it: in source.c, or for a device of
 * this machine in clocks.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/reading.h"
#include "os/clock.h"

/* @reading is NULL when none could be had in time. */
typedef void (*VtReadingFunc)(const VtReading *reading, void *user_data);

/* What only the provider knows of itself; texts are borrowed until the next reading. */
typedef struct {
    const char
        *method; /* how it reads: "precise", "interrupt", ...; "" when there is but one */
    const char *problem; /* why the last reading failed; "" if it did not */
    const char *remark;  /* what could be better about it; "" for nothing */
    VtNs cost_ns;        /* of one reading, at least; -1: unknown */
} VtProviderFacts;

typedef struct {
    const char *name; /* as an operator knows it: "link", "ptp", ... */
    /* Whether a reading can be asked for now. */
    bool (*is_usable)(void *instance);
    /*
     * Begins a reading; one that was under way is forgotten. The result comes through the
     * function given at construction, never from within this call.
     */
    void (*begin)(void *instance);
    void (*free)(void *instance);
    void (*describe)(const void *instance,
                     VtProviderFacts *ret_facts); /* NULL: nothing to say */
} VtProviderKind;

typedef struct {
    const VtProviderKind *kind;
    void *instance;
} VtProvider;

bool vt_provider_is_usable(const VtProvider *provider);
void vt_provider_begin(VtProvider *provider);
VtProviderFacts vt_provider_describe(const VtProvider *provider);

/* Takes an empty provider. */
void vt_provider_clear(VtProvider *provider);
