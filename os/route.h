/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether there is a way to an address, by what the kernel's tables say now. Sends nothing. */
#pragma once

#include <stdbool.h>

#include <gio/gio.h>

bool vt_route_exists(GSocketAddress *address);
