/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operator may know of one clock among several, as the control interface has it. */
#pragma once

#include <glib.h>

#include "agent/source.h"

/* One dictionary of org.virttime.Agent1.GetSources. Floating reference. */
GVariant *vt_source_to_variant(const VtSource *source, bool is_selected, VtInstant now);

/* The result of org.virttime.Agent1.GetNtpData; NULL if it is no NTP source. Floating. */
GVariant *vt_source_ntp_to_variant(const VtSource *source, VtInstant now);

/* How NTP calls who is followed, of a server by its address; 0: it has no word for that. */
uint32_t vt_source_get_reference_id(const VtSource *source);
