/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hostd reads from a domain's live XML. Pure; the XML is libvirt's, its names a tenant's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#define VT_CHANNEL_NAME "org.virttime.0"

/* Of the element that says what a guest may do to its clock. */
#define VT_METADATA_NAMESPACE "https://virt-time.org/xmlns/domain/1"

/* <clock offset=…>: whether the guest is meant to have the true time. */
typedef enum {
    VT_DOMAIN_CLOCK_TRUE,     /* utc, localtime, timezone, or none at all */
    VT_DOMAIN_CLOCK_VARIABLE, /* adjustment_sec away from it */
    VT_DOMAIN_CLOCK_ABSOLUTE, /* a time that somebody chose */
} VtDomainClock;

/* An Ethernet address. */
typedef struct {
    uint8_t bytes[6];
} VtDomainMac;

/* Of a domain's interfaces; more than that are not looked at. */
#define VT_DOMAIN_MOST_MACS 32

typedef struct {
    size_t n_macs;
    VtDomainMac macs[VT_DOMAIN_MOST_MACS];
} VtDomainMacs;

typedef struct {
    bool has_channel;        /* <channel type='unix'> with a target named VT_CHANNEL_NAME */
    bool is_guest_connected; /* a program in the guest has the port open */
    char *channel_path;      /* NULL until the domain runs */
    bool has_mode;           /* the metadata says one */
    uint8_t mode;            /* VtLinkMode; VT_LINK_MODE_INVALID for a word that is none */
    VtDomainClock clock;
    int64_t adjustment_sec;
    VtDomainMacs macs;
} VtDomainXml;

/* VT_ERROR_INVALID on malformed XML. */
bool vt_domain_xml_parse(const char *xml, VtDomainXml *ret_domain, GError **error);
void vt_domain_xml_clear(VtDomainXml *domain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtDomainXml, vt_domain_xml_clear)
