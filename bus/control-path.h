/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the private control sockets of the two daemons are, what is found behind them, and what
 * the daemons are called on the system bus.
 */
#pragma once

#define VT_AGENT_BUS_NAME "org.virttime.Agent1"
#define VT_HOST_BUS_NAME  "org.virttime.Host1"

#define VT_AGENT_OBJECT_PATH "/org/virttime/Agent1"
#define VT_HOST_OBJECT_PATH  "/org/virttime/Host1"

/* Path of the socket below the runtime directory, e.g. '/run/virt-time/agent/control.socket'. */
const char *vt_control_path_agent(void);
const char *vt_control_path_host(void);

/* "unix:path=…" with the path escaped, for GDBus. Transfer full. */
char *vt_control_path_to_address(const char *path);
