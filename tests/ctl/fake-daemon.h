/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both daemons' control faces, served for real on sockets in a temporary folder, giving the
 * answers that a test writes down in GVariant's text format.
 */
#pragma once

#include <glib.h>

typedef struct FakeDaemon FakeDaemon;

FakeDaemon *fake_daemon_new(void);
void fake_daemon_free(FakeDaemon *daemon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeDaemon, fake_daemon_free)

/* Paths of the sockets. Transfer none. */
const char *fake_daemon_get_agent_path(const FakeDaemon *daemon);
const char *fake_daemon_get_host_path(const FakeDaemon *daemon);

void fake_daemon_set_tracking(FakeDaemon *daemon, const char *tracking);
void fake_daemon_set_sources(FakeDaemon *daemon, const char *sources);
void fake_daemon_set_ntp_data(FakeDaemon *daemon, const char *ntp_data);

/* What Reload returns. */
void fake_daemon_set_restarts(FakeDaemon *daemon, const char *restarts);

/* "burst 'x'\n", "online 'x'\n", "offline 'x'\n", "makestep\n", "reload agent\n": all so far. */
const char *fake_daemon_get_changes(const FakeDaemon *daemon);

void fake_daemon_set_clocks(FakeDaemon *daemon, const char *clocks);
void fake_daemon_set_host(FakeDaemon *daemon, const char *host);
void fake_daemon_set_guests(FakeDaemon *daemon, const char *guests);

void fake_daemon_set_clients(FakeDaemon *daemon, const char *clients);
void fake_daemon_set_counters(FakeDaemon *daemon, const char *counters);

/* aa{sv}, of both daemons. */
void fake_daemon_set_journal(FakeDaemon *daemon, const char *journal);

/* How many records were asked for last. */
unsigned fake_daemon_get_n_asked(const FakeDaemon *daemon);

/* From the @n_th time that tracking is asked for it is this. */
void fake_daemon_set_later_tracking(FakeDaemon *daemon, unsigned nth, const char *tracking);

/* The guest asked to resync last; NULL if there was none. The only guest is 'web'. */
const char *fake_daemon_get_resynced(const FakeDaemon *daemon);

/* Who asks is a user who may not change anything. */
void fake_daemon_deny_changes(FakeDaemon *daemon);
