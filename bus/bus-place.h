/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a bus is looked for. To connect to one costs worker threads that GIO never ends; where none
 * can be, as in a container, they are not made.
 */
#pragma once

#include <stdbool.h>

/*
 * As D-Bus has it, 'unix:path=…;…', by its rules: the environment, else the well-known path. GIO
 * would tell it, too, and make its worker threads for that.
 */
const char *vt_bus_place_find_system(void);

/* False if it is a path, or several, and nobody listens there. Waits for nobody. */
bool vt_bus_place_is_there(const char *address);

/* Both at once. */
bool vt_bus_place_has_system(void);
