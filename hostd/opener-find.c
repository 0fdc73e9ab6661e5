/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/opener-find.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/error.h"
#include "hostd/channel-socket.h"
#include "hostd/domain-xml.h"

/* A libvirtd that hangs gives a worker back after some 20 s. */
#define KEEPALIVE_INTERVAL_SEC 5
#define KEEPALIVE_COUNT        3

static bool
fail_with_libvirt(GError **error, const char *what)
{
    VtError code =
        virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? VT_ERROR_NOT_FOUND : VT_ERROR_FAILED;
    g_set_error(error, VT_ERROR, code, "cannot %s: %s", what, virGetLastErrorMessage());
    return false;
}

static char *
read_xml(virConnectPtr connection, const char *uuid, char **ret_name, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, uuid);
    if (domain == NULL) {
        fail_with_libvirt(error, "find the domain");
        return NULL;
    }
    g_free(*ret_name);
    *ret_name = g_strdup(virDomainGetName(domain));
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (xml == NULL)
        fail_with_libvirt(error, "read the domain's XML");
    (void)virDomainFree(domain);
    return xml;
}

static bool
find_path(virConnectPtr connection,
          const char *uuid,
          char **ret_name,
          char **ret_path,
          GError **error)
{
    g_auto(VtDomainXml) domain = { 0 };
    char *xml = read_xml(connection, uuid, ret_name, error);
    if (xml == NULL)
        return false;
    bool parsed = vt_domain_xml_parse(xml, &domain, error);
    free(xml);
    if (!parsed)
        return false;
    if (domain.channel_path == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND, "the domain has no %schannel '%s'",
                    domain.has_channel ? "socket yet for its " : "", VT_CHANNEL_NAME);
        return false;
    }
    *ret_path = g_steal_pointer(&domain.channel_path);
    return true;
}

static VtFd
find_with(virConnectPtr connection,
          const char *uuid,
          const char *const *folders,
          char **ret_name,
          GError **error)
{
    g_autofree char *path = NULL;
    g_autofree char *path_now = NULL;
    if (!find_path(connection, uuid, ret_name, &path, error))
        return VT_FD_NONE;
    g_auto(VtFd) fd = vt_channel_socket_connect_beneath(path, folders, error);
    if (fd < 0)
        return VT_FD_NONE;

    /* Between the two the domain may have ended and its path become another's. */
    if (!find_path(connection, uuid, ret_name, &path_now, error))
        return VT_FD_NONE;
    if (g_strcmp0(path, path_now) == 0)
        return vt_fd_steal(&fd);
    g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND, "the domain's channel moved to '%s'",
                path_now);
    return VT_FD_NONE;
}

VtFd
vt_opener_find(const char *uri,
               const char *uuid,
               const char *const *folders,
               char **ret_name,
               GError **error)
{
    *ret_name = NULL;
    virConnectPtr connection = virConnectOpenReadOnly(uri);
    if (connection == NULL) {
        fail_with_libvirt(error, "connect to libvirt");
        return VT_FD_NONE;
    }
    /* A driver without it (the test driver) cannot hang either. */
    (void)virConnectSetKeepAlive(connection, KEEPALIVE_INTERVAL_SEC, KEEPALIVE_COUNT);
    VtFd fd = find_with(connection, uuid, folders, ret_name, error);
    (void)virConnectClose(connection);
    return fd;
}
