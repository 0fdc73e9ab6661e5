/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hostd reads from a domain's live XML. Pure; the XML is libvirt's, its names a tenant's. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#define VT_CHANNEL_NAME "org.virttime.0"

typedef struct {
    bool has_channel;        /* <channel type='unix'> with a target named VT_CHANNEL_NAME */
    bool is_guest_connected; /* a program in the guest has the port open */
    char *channel_path;      /* NULL until the domain runs */
} VtDomainXml;

/* VT_ERROR_INVALID on malformed XML. */
bool vt_domain_xml_parse(const char *xml, VtDomainXml *ret_domain, GError **error);
void vt_domain_xml_clear(VtDomainXml *domain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtDomainXml, vt_domain_xml_clear)
