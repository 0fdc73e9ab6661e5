/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel tells of devices: a processor came or went, a clock did, the machine has a new
 * generation id. Weak hints, that one too: no released kernel is known to tell it for certain,
 * and the id itself is not shown to programs.
 */
#pragma once

#include "agent/devices/udev.h"
#include "agent/hints/hint.h"

/* @udev must outlive the source. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_uevent_new(VtUdev *udev, VtHintFunc on_hint, void *user_data);
