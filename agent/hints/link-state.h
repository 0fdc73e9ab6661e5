/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host side of the link closed or opened, or a new session began: what a restore, a
 * migration or a restart of hostd looks like from inside. A weak hint.
 */
#pragma once

#include "agent/devices/link.h"
#include "agent/hints/hint.h"

/* @link must outlive the source. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_link_state_new(VtLink *link, VtHintFunc on_hint, void *user_data);
