/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/ntp-group.h"

#include <gio/gio.h>

#include "agent/providers/ntp.h"
#include "agent/source-server.h"

/* Pauses between look-ups that fail, doubled each time. */
#define LEAST_PAUSE_NS (2 * VT_NS_PER_SEC)
#define MOST_PAUSE_NS  (1024 * VT_NS_PER_SEC)

/* Each address that a look-up brings is asked in a burst: not sooner again than servers allow. */
#define LEAST_PAUSE_FOUND_NS (64 * VT_NS_PER_SEC)

/* An address that was silent so often may be another machine's by now. */
#define FAILURES_TO_REPLACE 3

/* A member of a pool that goes on to contradict the rest so often; another may be right. */
#define DENIALS_TO_REPLACE 4

/* Of those who lied so many are remembered: another look-up brings them again. */
#define MOST_LIARS 8

struct VtNtpGroup {
    const VtServerConfig *config;
    const VtNtpKeys *keys;
    const VtSourceOwner *owner;
    GPtrArray *list;         /* VtSource, all there are */
    GPtrArray *members;      /* VtSource, those of this group; borrowed */
    GList *spares;           /* GInetAddress, in the order in which they are to be tried */
    GQueue liars;            /* GInetAddress, not to be tried again; the newest first */
    bool is_numeric;         /* there is but one address, for ever */
    GCancellable *resolving; /* NULL: no look-up under way */
    bool has_failed;
    VtMono raw_next_at; /* not before it another look-up */
    VtNs pause_ns;
};

static VtMono
get_raw_now(const VtNtpGroup *group)
{
    return vt_clock_read(group->owner->clock).raw;
}

static VtSource *
get_member(const VtNtpGroup *group, guint index)
{
    return group->members->pdata[index];
}

static bool
is_in_use(const VtNtpGroup *group, GSocketAddress *address)
{
    for (guint i = 0; i < group->list->len; i++) {
        if (vt_source_has_address(group->list->pdata[i], address))
            return true;
    }
    return false;
}

static bool
is_liar(VtNtpGroup *group, GInetAddress *address)
{
    for (GList *link = group->liars.head; link != NULL; link = link->next) {
        if (g_inet_address_equal(link->data, address))
            return true;
    }
    return false;
}

/* One that nobody asks yet. Transfer full; NULL: none is left. */
static GSocketAddress *
take_spare(VtNtpGroup *group)
{
    while (group->spares != NULL) {
        g_autoptr(GInetAddress) inet = group->spares->data;
        group->spares = g_list_delete_link(group->spares, group->spares);
        g_autoptr(GSocketAddress) address =
            g_inet_socket_address_new(inet, (guint16)group->config->port);
        if (!is_in_use(group, address) && !is_liar(group, inet))
            return g_steal_pointer(&address);
    }
    return NULL;
}

/* A server that was named by itself stays, wrong as it is: nobody else was asked for. */
static bool
is_denied(const VtSource *source)
{
    return vt_source_is_pool_member(source) &&
           vt_source_get_n_denied(source) >= DENIALS_TO_REPLACE;
}

static bool
wants_address(const VtSource *source)
{
    return !vt_source_is_addressed(source) ||
           vt_source_get_n_failed(source) >= FAILURES_TO_REPLACE || is_denied(source);
}

static bool
wants_addresses(const VtNtpGroup *group)
{
    for (guint i = 0; i < group->members->len; i++) {
        if (wants_address(get_member(group, i)))
            return true;
    }
    return false;
}

static bool
is_content(const VtNtpGroup *group)
{
    for (guint i = 0; i < group->members->len; i++) {
        const VtSource *source = get_member(group, i);
        if (!vt_source_is_answering(source) || is_denied(source))
            return false;
    }
    return true;
}

static void
note_liar(VtNtpGroup *group, VtSource *source)
{
    VtProvider *provider = vt_source_get_provider(source);
    GInetSocketAddress *address = G_INET_SOCKET_ADDRESS(vt_provider_ntp_get_address(provider));
    g_queue_push_head(&group->liars, g_object_ref(g_inet_socket_address_get_address(address)));
    if (group->liars.length > MOST_LIARS)
        g_object_unref(g_queue_pop_tail(&group->liars));
}

static void
give_addresses(VtNtpGroup *group)
{
    for (guint i = 0; i < group->members->len; i++) {
        VtSource *source = get_member(group, i);
        if (!wants_address(source))
            continue;
        g_autoptr(GSocketAddress) address = take_spare(group);
        if (address == NULL)
            return;
        bool is_replaced = vt_source_is_addressed(source);
        if (is_denied(source))
            note_liar(group, source);
        vt_source_set_address(source, address);
        g_autofree char *text = g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(address));
        g_log(G_LOG_DOMAIN, is_replaced ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_INFO,
              "'%s' is asked at %s", vt_source_get_name(source), text);
    }
}

static void
note_failure(VtNtpGroup *group, const char *problem)
{
    for (guint i = 0; i < group->members->len; i++) {
        VtSource *source = get_member(group, i);
        if (!vt_source_is_addressed(source))
            vt_source_set_server_problem(source, problem);
    }
    /* Once, not at each look-up. */
    if (!group->has_failed)
        g_info("'%s' is not found: %s; it is looked up again from time to time",
               group->config->address, problem);
    group->has_failed = true;
}

static void
on_resolved(GObject *resolver, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
    /* The group is gone when this look-up was cancelled. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;

    VtNtpGroup *group = user_data;
    g_clear_object(&group->resolving);
    if (found == NULL) {
        note_failure(group, error->message);
        return;
    }
    g_list_free_full(group->spares, g_object_unref);
    group->spares = found;
    VtMono raw_soonest = vt_mono_add(get_raw_now(group), LEAST_PAUSE_FOUND_NS);
    if (vt_mono_diff(raw_soonest, group->raw_next_at) > 0)
        group->raw_next_at = raw_soonest;
    if (group->has_failed)
        g_info("'%s' is found", group->config->address);
    group->has_failed = false;
    give_addresses(group);
}

static void
resolve(VtNtpGroup *group)
{
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    group->pause_ns = vt_ns_max(LEAST_PAUSE_NS, vt_ns_min(2 * group->pause_ns, MOST_PAUSE_NS));
    group->raw_next_at = vt_mono_add(get_raw_now(group), group->pause_ns);
    group->resolving = g_cancellable_new();
    g_resolver_lookup_by_name_async(resolver, group->config->address, group->resolving,
                                    on_resolved, group);
}

void
vt_ntp_group_on_tick(VtNtpGroup *group)
{
    if (group->is_numeric)
        return;
    if (is_content(group))
        group->pause_ns = 0;
    if (!wants_addresses(group))
        return;
    give_addresses(group);
    bool is_due = vt_mono_diff(get_raw_now(group), group->raw_next_at) >= 0;
    if (wants_addresses(group) && is_due && group->resolving == NULL)
        resolve(group);
}

void
vt_ntp_group_on_network_change(VtNtpGroup *group)
{
    for (guint i = 0; i < group->members->len; i++)
        vt_source_on_network_change(get_member(group, i));
    if (group->is_numeric || !wants_addresses(group))
        return;
    /* A look-up that began before the change tells of the network before. */
    if (group->resolving != NULL)
        g_cancellable_cancel(group->resolving);
    g_clear_object(&group->resolving);
    group->pause_ns = 0;
    resolve(group);
}

/* A numeric address needs no look-up, and may name an interface as look-ups cannot. */
static void
use_numeric(VtNtpGroup *group)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(
        group->config->address, (guint)group->config->port);
    if (address == NULL)
        return;
    group->is_numeric = true;
    vt_source_set_address(get_member(group, 0), address);
}

static void
add_member(VtNtpGroup *group, const char *name, const VtNtpKeys *keys)
{
    VtSource *source = vt_source_new_server(name, group->config, keys, group->owner);
    g_ptr_array_add(group->list, source);
    g_ptr_array_add(group->members, source);
}

VtNtpGroup *
vt_ntp_group_new(const VtServerConfig *config,
                 const VtNtpKeys *keys,
                 const VtSourceOwner *owner,
                 GPtrArray *list)
{
    VtNtpGroup *group = g_new0(VtNtpGroup, 1);
    group->config = config;
    group->keys = keys;
    group->owner = owner;
    group->list = list;
    group->members = g_ptr_array_new();
    if (config->most_sources == 0)
        add_member(group, config->name, keys);
    for (int64_t i = 1; i <= config->most_sources; i++) {
        g_autofree char *name = g_strdup_printf("%s-%" G_GINT64_FORMAT, config->name, i);
        add_member(group, name, keys);
    }
    use_numeric(group);
    if (!group->is_numeric)
        resolve(group);
    return group;
}

bool
vt_ntp_group_is_of(const VtNtpGroup *group, const VtServerConfig *config, const VtNtpKeys *keys)
{
    return vt_server_config_is_same(group->config, config) &&
           (config->key == 0 ||
            vt_ntp_keys_have_same(group->keys, keys, (uint32_t)config->key));
}

GPtrArray *
vt_ntp_group_get_members(VtNtpGroup *group)
{
    return group->members;
}

void
vt_ntp_group_free(VtNtpGroup *group)
{
    if (group == NULL)
        return;
    if (group->resolving != NULL)
        g_cancellable_cancel(group->resolving);
    g_clear_object(&group->resolving);
    g_list_free_full(group->spares, g_object_unref);
    g_queue_clear_full(&group->liars, g_object_unref);
    g_ptr_array_unref(group->members);
    g_free(group);
}
