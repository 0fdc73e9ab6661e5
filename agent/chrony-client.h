/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent's end of virt-time-chrony-helper: wishes to chronyd, which are carried out one after
 * another and answered when they are done. Never waits.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "proto/chrony-request.h"

typedef struct VtChronyClient VtChronyClient;

/* Of each wish: done, or what was in the way, in words (borrowed). */
typedef void (*VtChronyTold)(VtChronyWish wish, const char *problem, void *user_data);

/* @path: of the helper's socket. Connects at once, so that the helper is there when needed. */
VtChronyClient *vt_chrony_client_new(const char *path, VtChronyTold on_told, void *user_data);
void vt_chrony_client_free(VtChronyClient *client);

/*
 * Connects again if need be. False when the helper cannot be asked: on_told is then not called,
 * and vt_chrony_client_get_problem says why.
 */
bool vt_chrony_client_ask(VtChronyClient *client, VtChronyWish wish);

/* Why chronyd is not told, as far as it is known by now; NULL: it is. Borrowed. */
const char *vt_chrony_client_get_problem(const VtChronyClient *client);
