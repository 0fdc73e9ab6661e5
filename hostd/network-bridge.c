/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/network-bridge.h"

#include <stdbool.h>
#include <stdlib.h>

#include <gio/gio.h>
#include <libvirt/libvirt.h>

#define RETRY_SEC 10

struct VtNetworkBridge {
    char *uri;
    GPtrArray *unknown; /* of char *: the networks whose bridges are not known */
    VtNetworkBridgeFunc func;
    void *user_data;
    GCancellable *cancellable; /* cancelled: the bridge is gone */
    guint retry_id;
};

typedef struct {
    char *uri;
    GPtrArray *networks;
    GPtrArray *bridges; /* of char *, NULL where none is known; as many as networks */
} Question;

static void
question_free(void *data)
{
    Question *question = data;
    g_free(question->uri);
    g_ptr_array_unref(question->networks);
    g_ptr_array_unref(question->bridges);
    g_free(question);
}

static GPtrArray *
copy_names(GPtrArray *names)
{
    GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(copy, g_strdup(names->pdata[i]));
    return copy;
}

/* An inactive network has a bridge by name all the same; the interface comes with its start. */
static char *
ask_one(virConnectPtr connection, const char *name)
{
    virNetworkPtr network = virNetworkLookupByName(connection, name);
    if (network == NULL)
        return NULL;
    char *answer = virNetworkGetBridgeName(network);
    char *bridge = g_strdup(answer);
    free(answer);
    virNetworkFree(network);
    return bridge;
}

static void
on_ask(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Question *question = data;
    virConnectPtr connection =
        virConnectOpenReadOnly(*question->uri != '\0' ? question->uri : NULL);
    (void)source;
    (void)cancellable;

    for (guint i = 0; i < question->networks->len; i++)
        g_ptr_array_add(question->bridges,
                        connection == NULL ? NULL
                                           : ask_one(connection, question->networks->pdata[i]));
    if (connection != NULL)
        virConnectClose(connection);
    g_task_return_boolean(task, TRUE);
}

static void ask(VtNetworkBridge *bridge);

static gboolean
on_retry(gpointer user_data)
{
    VtNetworkBridge *bridge = user_data;
    bridge->retry_id = 0;
    ask(bridge);
    return G_SOURCE_REMOVE;
}

static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GTask *task = G_TASK(result);
    Question *question = g_task_get_task_data(task);
    (void)source;
    if (g_cancellable_is_cancelled(g_task_get_cancellable(task)))
        return;

    VtNetworkBridge *bridge = user_data;
    g_ptr_array_set_size(bridge->unknown, 0);
    for (guint i = 0; i < question->networks->len; i++) {
        const char *network = question->networks->pdata[i];
        const char *name = question->bridges->pdata[i];
        if (name == NULL)
            g_ptr_array_add(bridge->unknown, g_strdup(network));
    }
    if (bridge->unknown->len > 0)
        bridge->retry_id = g_timeout_add_seconds(RETRY_SEC, on_retry, bridge);
    for (guint i = 0; i < question->networks->len; i++) {
        if (question->bridges->pdata[i] != NULL)
            bridge->func(question->networks->pdata[i], question->bridges->pdata[i],
                         bridge->user_data);
    }
}

static void
ask(VtNetworkBridge *bridge)
{
    g_autoptr(GTask) task = g_task_new(NULL, bridge->cancellable, on_answered, bridge);
    Question *question = g_new0(Question, 1);

    question->uri = g_strdup(bridge->uri);
    question->networks = copy_names(bridge->unknown);
    question->bridges = g_ptr_array_new_with_free_func(g_free);
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, question, question_free);
    g_task_run_in_thread(task, on_ask);
}

VtNetworkBridge *
vt_network_bridge_new(const char *uri,
                      GPtrArray *networks,
                      VtNetworkBridgeFunc func,
                      void *user_data)
{
    VtNetworkBridge *bridge = g_new0(VtNetworkBridge, 1);
    bridge->uri = g_strdup(uri);
    bridge->unknown = copy_names(networks);
    bridge->func = func;
    bridge->user_data = user_data;
    bridge->cancellable = g_cancellable_new();
    if (networks->len > 0)
        ask(bridge);
    return bridge;
}

void
vt_network_bridge_free(VtNetworkBridge *bridge)
{
    if (bridge == NULL)
        return;
    g_cancellable_cancel(bridge->cancellable);
    g_object_unref(bridge->cancellable);
    g_clear_handle_id(&bridge->retry_id, g_source_remove);
    g_ptr_array_unref(bridge->unknown);
    g_free(bridge->uri);
    g_free(bridge);
}
