/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows the domains of one libvirt URI on a read-only connection: lists them, hands over
 * every change that touches a guest's clock, and comes back when libvirtd goes away. What may
 * block runs in a worker; every function given here is called from the default main context.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/domain-xml.h"
#include "hostd/guest-event.h"

typedef struct VtDomainWatch VtDomainWatch;

typedef struct {
    /* Found active when (re)connecting. */
    void (*on_listed)(const char *uuid, const char *name, bool is_running, void *user_data);
    void (*on_change)(const char *uuid,
                      const char *name,
                      VtDomainChange change,
                      void *user_data);
    /* A device came or went, or the metadata changed: channel or mode may be another. */
    void (*on_devices)(const char *uuid, void *user_data);
} VtDomainWatchListener;

/* @domain is NULL when the domain or the connection is gone. */
typedef void (*VtDomainXmlFunc)(const char *uuid, const VtDomainXml *domain, void *user_data);

/* Registers libvirt's event loop; call before anything else of libvirt, once. */
bool vt_domain_watch_prepare(GError **error);

/*
 * Begins to connect; a libvirtd that does not answer is tried again each second. @listener
 * must outlive the watch. Transfer full.
 */
VtDomainWatch *
vt_domain_watch_new(const char *uri, const VtDomainWatchListener *listener, void *user_data);
void vt_domain_watch_free(VtDomainWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtDomainWatch, vt_domain_watch_free)

/* Reads the live XML in a worker and calls @func, unless the watch is freed before. */
void vt_domain_watch_read_xml(VtDomainWatch *watch,
                              const char *uuid,
                              VtDomainXmlFunc func,
                              void *user_data);

/* NULL when connected, else why not, in words. Transfer none. */
const char *vt_domain_watch_get_problem(const VtDomainWatch *watch);

/* libvirt's lifecycle event and detail, reduced to what matters here. Pure. */
VtDomainChange vt_domain_change_from_lifecycle(int event, int detail);
