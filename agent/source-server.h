/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of sources, what only NTP servers have: an address, which may change, and their settings. */
#pragma once

#include <gio/gio.h>

#include "agent/server-config.h"
#include "agent/source.h"
#include "proto/ntp-keys.h"

/*
 * An NTP server with the settings of @config, which must outlive it like @keys (NULL: none).
 * Somebody else finds its address.
 */
VtSource *vt_source_new_server(const char *name,
                               const VtServerConfig *config,
                               const VtNtpKeys *keys,
                               const VtSourceOwner *owner);

/*
 * The NTP service at @address, which the host told of over @link: asked only while the link is
 * not up, since both show the same clock.
 */
VtSource *vt_source_new_substitute(const char *name,
                                   const VtLinkAddress *address,
                                   VtLink *link,
                                   const VtSourceOwner *owner);

/* Whether it is the one that vt_source_new_substitute made of @address. */
bool vt_source_stands_for(const VtSource *source, const VtLinkAddress *address);

/* Of a server: it is asked there from now on, and nothing is known of it. */
void vt_source_set_address(VtSource *source, GSocketAddress *address);

/* Whether it is a server whose address is known, and whether that is @address. */
bool vt_source_is_addressed(const VtSource *source);
bool vt_source_has_address(const VtSource *source, GSocketAddress *address);

/* Why a server has no address, in words. */
void vt_source_set_server_problem(VtSource *source, const char *problem);

/* A server that does not answer may now. */
void vt_source_on_network_change(VtSource *source);

/* Whether there is a way to it now; of one whose address is not known yet nobody can say no. */
bool vt_source_has_route(const VtSource *source);

/* Readings in a row that did not come. */
unsigned vt_source_get_n_failed(const VtSource *source);

/* Readings in a row that came while it contradicted the others. */
unsigned vt_source_get_n_denied(const VtSource *source);

/* Whether the last one came. */
bool vt_source_is_answering(const VtSource *source);

/* Whether it was given an address since this was asked last. */
bool vt_source_take_renewal(VtSource *source);

bool vt_source_is_server(const VtSource *source);
bool vt_source_is_pool_member(const VtSource *source);

/* Whether it is a pool's place that no address was found for, and not for want of any. */
bool vt_source_is_vacant(const VtSource *source);

/* Whether it may be asked, and since @raw_since has neither answered nor failed to. */
bool vt_source_is_awaited(const VtSource *source, VtMono raw_since);
