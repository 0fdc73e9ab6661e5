/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostd's word: a NOTICE, or a time reply whose epoch tells of a notice that has not come.
 */
#pragma once

#include "agent/devices/link.h"
#include "agent/hints/hint.h"

/* @link must outlive the source. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_notice_new(VtLink *link, VtHintFunc on_hint, void *user_data);
