/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hint: a sign that something may have befallen this guest. It may be wrong, late or forged;
 * all it can do is make the agent measure now. Each kind is one file.
 */
#pragma once

#include <stdbool.h>

#include "proto/link-message.h"

typedef struct {
    const char *name;           /* which sign: "notice", "link-opened", ... */
    bool is_strong;             /* unsynchronised from now on, until measured */
    bool allows_backward;       /* what it tells of can put the true time behind the clock */
    bool moves_host;            /* the host's clock is another one from here on */
    bool reopens_rate;          /* another oscillator, or another way to count it */
    bool is_declared;           /* a restore or revert told on a live link */
    bool is_set;                /* somebody else set the clock */
    VtNs moved_ns;              /* by so much, if not 0 */
    const VtLinkNotice *notice; /* NULL unless it was one; borrowed for the call */
} VtHint;

typedef void (*VtHintFunc)(const VtHint *hint, void *user_data);

typedef struct {
    const char *name;
    void (*tick)(void *instance); /* each second; NULL: it needs none */
    bool shows_at_once;           /* a tick at any instant tells what happened before it */
    void (*free)(void *instance);
} VtHintKind;

typedef struct {
    const VtHintKind *kind;
    void *instance;
} VtHintSource;

/* All take an empty source. */
bool vt_hint_source_shows_at_once(const VtHintSource *source);
void vt_hint_source_tick(VtHintSource *source);
void vt_hint_source_clear(VtHintSource *source);
