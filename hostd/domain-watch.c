/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/domain-watch.h"

#include <gio/gio.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "base/error.h"

#define RECONNECT_AFTER_SEC 1

/* Dead peers are noticed after about 20 s. */
#define KEEPALIVE_INTERVAL_SEC 5
#define KEEPALIVE_COUNT        3

#define N_EVENTS 4

struct VtDomainWatch {
    char *uri;
    const VtDomainWatchListener *listener;
    void *user_data;
    GCancellable *cancellable; /* of every worker; cancelled when the watch is freed */
    virConnectPtr connection;  /* NULL while there is none */
    int callback_ids[N_EVENTS];
    char *problem;
    guint reconnect_id;
};

/* What the connecting worker brings back. */
typedef struct {
    char *uuid;
    char *name;
    bool is_running;
} Listed;

typedef struct {
    virConnectPtr connection;
    int callback_ids[N_EVENTS];
    GPtrArray *listed; /* of Listed */
} Connected;

static void connect_to_libvirt(VtDomainWatch *watch);

static void
listed_free(gpointer data)
{
    Listed *listed = data;
    g_free(listed->uuid);
    g_free(listed->name);
    g_free(listed);
}

static void
release_connection(virConnectPtr connection, const int *callback_ids)
{
    for (size_t i = 0; i < N_EVENTS; i++) {
        if (callback_ids[i] >= 0)
            (void)virConnectDomainEventDeregisterAny(connection, callback_ids[i]);
    }
    (void)virConnectUnregisterCloseCallback(connection, NULL);
    (void)virConnectClose(connection);
}

static void
connected_free(gpointer data)
{
    Connected *connected = data;
    if (connected->connection != NULL)
        release_connection(connected->connection, connected->callback_ids);
    g_ptr_array_unref(connected->listed);
    g_free(connected);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connected, connected_free)

static void
set_libvirt_error(GError **error, const char *what)
{
    const char *reason = virGetLastErrorMessage();
    g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "cannot %s: %s", what, reason);
}

static void
on_libvirt_error(void *user_data, virErrorPtr error)
{
    /* Every failed call reports through its caller; libvirt would print it to stderr, too. */
    (void)user_data;
    (void)error;
}

bool
vt_domain_watch_prepare(GError **error)
{
    virSetErrorFunc(NULL, on_libvirt_error);
    /* Its loop is the default main context of this thread. */
    if (virEventRegisterDefaultImpl() == 0)
        return true;
    set_libvirt_error(error, "register libvirt's event loop");
    return false;
}

VtDomainChange
vt_domain_change_from_lifecycle(int event, int detail)
{
    switch (event) {
    case VIR_DOMAIN_EVENT_SUSPENDED:
        /* The source of a post-copy migration: this guest runs elsewhere already. */
        return detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY ? VT_DOMAIN_OTHER
                                                             : VT_DOMAIN_SUSPENDED;
    case VIR_DOMAIN_EVENT_RESUMED:
        return detail == VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT ? VT_DOMAIN_REVERTED_IN_PLACE
                                                                : VT_DOMAIN_RESUMED;
    case VIR_DOMAIN_EVENT_STARTED:
        switch (detail) {
        case VIR_DOMAIN_EVENT_STARTED_MIGRATED:
            return VT_DOMAIN_MIGRATED_IN;
        case VIR_DOMAIN_EVENT_STARTED_RESTORED:
            return VT_DOMAIN_RESTORED;
        case VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT:
            return VT_DOMAIN_REVERTED;
        case VIR_DOMAIN_EVENT_STARTED_WAKEUP:
            return VT_DOMAIN_RESUMED;
        default:
            return VT_DOMAIN_BOOTED;
        }
    case VIR_DOMAIN_EVENT_PMSUSPENDED:
        return VT_DOMAIN_SUSPENDED;
    case VIR_DOMAIN_EVENT_STOPPED:
        switch (detail) {
        case VIR_DOMAIN_EVENT_STOPPED_SAVED:
            return VT_DOMAIN_SAVED;
        case VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT:
            return VT_DOMAIN_REVERTING;
        default:
            return VT_DOMAIN_STOPPED;
        }
    case VIR_DOMAIN_EVENT_CRASHED:
        return VT_DOMAIN_STOPPED;
    default:
        return VT_DOMAIN_OTHER;
    }
}

static bool
get_uuid(virDomainPtr domain, char ret_uuid[VIR_UUID_STRING_BUFLEN])
{
    return virDomainGetUUIDString(domain, ret_uuid) == 0;
}

static int
on_lifecycle(virConnectPtr connection,
             virDomainPtr domain,
             int event,
             int detail,
             void *user_data)
{
    VtDomainWatch *watch = user_data;
    char uuid[VIR_UUID_STRING_BUFLEN];
    VtDomainChange change = vt_domain_change_from_lifecycle(event, detail);

    (void)connection;
    if (change != VT_DOMAIN_OTHER && get_uuid(domain, uuid))
        watch->listener->on_change(uuid, virDomainGetName(domain), change, watch->user_data);
    return 0;
}

static void
on_device(virConnectPtr connection, virDomainPtr domain, const char *alias, void *user_data)
{
    VtDomainWatch *watch = user_data;
    char uuid[VIR_UUID_STRING_BUFLEN];

    (void)connection;
    (void)alias;
    if (get_uuid(domain, uuid))
        watch->listener->on_devices(uuid, watch->user_data);
}

/* The title and other programs' metadata change, too; the XML tells. */
static int
on_metadata(virConnectPtr connection,
            virDomainPtr domain,
            int type,
            const char *namespace,
            void *user_data)
{
    (void)type;
    on_device(connection, domain, namespace, user_data);
    return 0;
}

static gboolean
on_reconnect(gpointer user_data)
{
    VtDomainWatch *watch = user_data;
    watch->reconnect_id = 0;
    connect_to_libvirt(watch);
    return G_SOURCE_REMOVE;
}

static void
drop_connection(VtDomainWatch *watch, const char *problem)
{
    virConnectPtr connection = g_steal_pointer(&watch->connection);
    if (connection != NULL)
        release_connection(connection, watch->callback_ids);
    if (g_strcmp0(watch->problem, problem) != 0) {
        g_warning("no connection to libvirt at '%s': %s; trying again each second", watch->uri,
                  problem);
        g_free(watch->problem);
        watch->problem = g_strdup(problem);
    }
    if (watch->reconnect_id == 0)
        watch->reconnect_id = g_timeout_add_seconds(RECONNECT_AFTER_SEC, on_reconnect, watch);
}

static gboolean
on_lost(gpointer user_data)
{
    VtDomainWatch *watch = user_data;
    watch->reconnect_id = 0;
    drop_connection(watch, "libvirtd closed the connection");
    return G_SOURCE_REMOVE;
}

static void
on_closed(virConnectPtr connection, int reason, void *user_data)
{
    VtDomainWatch *watch = user_data;

    (void)connection;
    (void)reason;
    /* Not to be released from within its own callback. */
    if (watch->reconnect_id == 0)
        watch->reconnect_id = g_idle_add(on_lost, watch);
}

static void
list_domains(Connected *connected)
{
    virDomainPtr *domains = NULL;
    int n_domains = virConnectListAllDomains(connected->connection, &domains,
                                             VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    for (int i = 0; i < n_domains; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN];
        int state = VIR_DOMAIN_NOSTATE;
        if (get_uuid(domains[i], uuid) && virDomainGetState(domains[i], &state, NULL, 0) == 0) {
            Listed *listed = g_new0(Listed, 1);
            listed->uuid = g_strdup(uuid);
            listed->name = g_strdup(virDomainGetName(domains[i]));
            listed->is_running = state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED;
            g_ptr_array_add(connected->listed, listed);
        }
        (void)virDomainFree(domains[i]);
    }
    free(domains);
}

static bool
register_events(VtDomainWatch *watch, Connected *connected)
{
    const struct {
        int id;
        virConnectDomainEventGenericCallback callback;
    } events[N_EVENTS] = {
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
        { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
    };

    for (size_t i = 0; i < N_EVENTS; i++) {
        connected->callback_ids[i] = virConnectDomainEventRegisterAny(
            connected->connection, NULL, events[i].id, events[i].callback, watch, NULL);
        if (connected->callback_ids[i] < 0)
            return false;
    }
    /* Neither is vital: a driver without them tells of its end through the socket. */
    (void)virConnectRegisterCloseCallback(connected->connection, on_closed, watch, NULL);
    (void)virConnectSetKeepAlive(connected->connection, KEEPALIVE_INTERVAL_SEC,
                                 KEEPALIVE_COUNT);
    return true;
}

/* What the connecting worker needs; @watch is only handed through, it may be gone by then. */
typedef struct {
    char *uri;
    VtDomainWatch *watch;
} ConnectRequest;

static void
connect_request_free(gpointer data)
{
    ConnectRequest *request = data;
    g_free(request->uri);
    g_free(request);
}

/* In a worker: every call here is a round trip to a daemon that may hang. */
static void
connect_in_worker(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    const ConnectRequest *request = task_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Connected) connected = g_new0(Connected, 1);

    (void)source;
    (void)cancellable;
    connected->listed = g_ptr_array_new_with_free_func(listed_free);
    for (size_t i = 0; i < N_EVENTS; i++)
        connected->callback_ids[i] = -1;

    connected->connection = virConnectOpenReadOnly(request->uri);
    if (connected->connection == NULL) {
        set_libvirt_error(&error, "connect");
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    /* Events first, the list after: nothing can fall between. */
    if (!register_events(request->watch, connected)) {
        set_libvirt_error(&error, "register for events");
        g_task_return_error(task, g_steal_pointer(&error));
        return;
    }
    list_domains(connected);
    g_task_return_pointer(task, g_steal_pointer(&connected), connected_free);
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Connected) connected = g_task_propagate_pointer(G_TASK(result), &error);

    (void)source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the watch is gone */

    VtDomainWatch *watch = user_data;
    if (connected == NULL) {
        drop_connection(watch, error->message);
        return;
    }
    g_info("connected to libvirt at '%s'", watch->uri);
    g_clear_pointer(&watch->problem, g_free);
    watch->connection = g_steal_pointer(&connected->connection);
    memcpy(watch->callback_ids, connected->callback_ids, sizeof watch->callback_ids);
    for (guint i = 0; i < connected->listed->len; i++) {
        const Listed *listed = connected->listed->pdata[i];
        watch->listener->on_listed(listed->uuid, listed->name, listed->is_running,
                                   watch->user_data);
    }
}

static void
connect_to_libvirt(VtDomainWatch *watch)
{
    g_autoptr(GTask) task = g_task_new(NULL, watch->cancellable, on_connected, watch);
    ConnectRequest *request = g_new0(ConnectRequest, 1);
    request->uri = g_strdup(watch->uri);
    request->watch = watch;
    g_task_set_task_data(task, request, connect_request_free);
    g_task_run_in_thread(task, connect_in_worker);
}

VtDomainWatch *
vt_domain_watch_new(const char *uri, const VtDomainWatchListener *listener, void *user_data)
{
    VtDomainWatch *watch = g_new0(VtDomainWatch, 1);
    watch->uri = g_strdup(uri);
    watch->listener = listener;
    watch->user_data = user_data;
    watch->cancellable = g_cancellable_new();
    watch->problem = g_strdup("connecting");
    connect_to_libvirt(watch);
    return watch;
}

void
vt_domain_watch_free(VtDomainWatch *watch)
{
    if (watch == NULL)
        return;
    g_cancellable_cancel(watch->cancellable);
    g_object_unref(watch->cancellable);
    g_clear_handle_id(&watch->reconnect_id, g_source_remove);
    if (watch->connection != NULL)
        release_connection(watch->connection, watch->callback_ids);
    g_free(watch->uri);
    g_free(watch->problem);
    g_free(watch);
}

const char *
vt_domain_watch_get_problem(const VtDomainWatch *watch)
{
    return watch->problem;
}

/* One reading of XML, from asking to telling. */
typedef struct {
    virConnectPtr connection;
    char *uuid;
    VtDomainXmlFunc func;
    void *user_data;
} XmlRequest;

static void
xml_request_free(gpointer data)
{
    XmlRequest *request = data;
    (void)virConnectClose(request->connection);
    g_free(request->uuid);
    g_free(request);
}

static void
domain_xml_free(gpointer data)
{
    vt_domain_xml_clear(data);
    g_free(data);
}

/* NULL for a domain that just ended, or XML that cannot be read. */
static VtDomainXml *
read_xml(virDomainPtr domain, unsigned flags)
{
    char *xml = virDomainGetXMLDesc(domain, flags);
    VtDomainXml *parsed = g_new0(VtDomainXml, 1);

    if (xml == NULL || !vt_domain_xml_parse(xml, parsed, NULL))
        g_clear_pointer(&parsed, domain_xml_free);
    free(xml);
    return parsed;
}

/* In the live XML the adjustment follows what the guest writes to its RTC. */
static void
read_configured_clock(virDomainPtr domain, VtDomainXml *parsed)
{
    VtDomainXml *configured = read_xml(domain, VIR_DOMAIN_XML_INACTIVE);
    if (configured != NULL) {
        parsed->clock = configured->clock;
        parsed->adjustment_sec = configured->adjustment_sec;
    }
    g_clear_pointer(&configured, domain_xml_free);
}

static void
read_xml_in_worker(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    const XmlRequest *request = task_data;
    virDomainPtr domain = virDomainLookupByUUIDString(request->connection, request->uuid);
    VtDomainXml *parsed = domain != NULL ? read_xml(domain, 0) : NULL;

    (void)source;
    (void)cancellable;
    if (parsed != NULL && parsed->clock == VT_DOMAIN_CLOCK_VARIABLE)
        read_configured_clock(domain, parsed);
    if (domain != NULL)
        (void)virDomainFree(domain);
    g_task_return_pointer(task, parsed, domain_xml_free);
}

static void
on_xml_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    VtDomainXml *domain = g_task_propagate_pointer(G_TASK(result), &error);
    const XmlRequest *request = g_task_get_task_data(G_TASK(result));

    (void)source;
    (void)user_data;
    if (error == NULL)
        request->func(request->uuid, domain, request->user_data);
    g_clear_pointer(&domain, domain_xml_free);
}

void
vt_domain_watch_read_xml(VtDomainWatch *watch,
                         const char *uuid,
                         VtDomainXmlFunc func,
                         void *user_data)
{
    if (watch->connection == NULL) {
        func(uuid, NULL, user_data);
        return;
    }

    XmlRequest *request = g_new0(XmlRequest, 1);
    (void)virConnectRef(watch->connection);
    request->connection = watch->connection;
    request->uuid = g_strdup(uuid);
    request->func = func;
    request->user_data = user_data;

    g_autoptr(GTask) task = g_task_new(NULL, watch->cancellable, on_xml_read, NULL);
    g_task_set_task_data(task, request, xml_request_free);
    g_task_run_in_thread(task, read_xml_in_worker);
}
