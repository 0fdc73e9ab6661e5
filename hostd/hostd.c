/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/hostd.h"

#include "base/error.h"
#include "hostd/domain-watch.h"
#include "hostd/guest.h"
#include "hostd/journal.h"
#include "os/random.h"

#define FREEZE_NAME "freeze"

struct VtHostd {
    char *uri;
    VtGuestContext context;
    GHashTable *guests; /* UUID -> VtGuest, both owned */
    VtDomainWatch *watch;
    VtHostWatch *host;
    VtNtpService *ntp;
    VtStateFolder *state;
    guint tick_id;
};

/* What replies, notices and NTP say of the host from now on. */
static void
on_host_judged(const VtHostClock *host, void *user_data)
{
    VtHostd *hostd = user_data;

    hostd->context.host_clock = *host;
    vt_ntp_service_refresh(hostd->ntp, host);
    hostd->context.n_ntp_addresses =
        (uint8_t)vt_ntp_service_get_link_addresses(hostd->ntp, hostd->context.ntp_addresses);
}

static void
tell_guests(const VtHostEvent *event, void *user_data)
{
    VtHostd *hostd = user_data;
    GHashTableIter iter;
    gpointer guest;

    g_hash_table_iter_init(&iter, hostd->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        vt_guest_on_host_event(guest, event);
}

static void
on_host_event(const VtHostEvent *event, void *user_data)
{
    VtHostd *hostd = user_data;
    VtWall wall_now = vt_clock_read_wall(hostd->context.clock);

    tell_guests(event, hostd);
    if (hostd->context.journal != NULL && vt_link_cause_is_strong(event->cause))
        vt_journal_add(hostd->context.journal, vt_hostd_journal_compose_host(event, wall_now));
}

static const VtHostWatchListener host_listener = {
    .on_judged = on_host_judged,
    .on_event = on_host_event,
    .on_released = tell_guests,
};

static void
watch_host(VtHostd *hostd, const VtHostWatchParams *params)
{
    hostd->host = vt_host_watch_new(params, hostd->context.clock, &host_listener, hostd);
    on_host_judged(vt_host_watch_get_clock(hostd->host), hostd);
    if (!hostd->context.host_clock.is_synchronised)
        g_message("this host's clock is not synchronised: guests are told so, and when it is");
}

static void
on_xml(const char *uuid, const VtDomainXml *domain, void *user_data)
{
    VtHostd *hostd = user_data;
    VtGuest *guest = g_hash_table_lookup(hostd->guests, uuid);
    if (guest != NULL) {
        vt_guest_on_xml(guest, domain);
        if (domain != NULL)
            vt_ntp_service_set_guest(hostd->ntp, uuid, vt_guest_get_name(guest), &domain->macs);
    }
}

static void
read_wanted_xml(VtHostd *hostd, VtGuest *guest, const char *uuid)
{
    if (vt_guest_wants_xml(guest))
        vt_domain_watch_read_xml(hostd->watch, uuid, on_xml, hostd);
}

static VtGuest *
get_guest(VtHostd *hostd, const char *uuid, const char *name, bool is_running)
{
    VtGuest *guest = g_hash_table_lookup(hostd->guests, uuid);
    if (guest != NULL)
        return guest;
    guest = vt_guest_new(&hostd->context, uuid, name, is_running);
    g_hash_table_insert(hostd->guests, g_strdup(uuid), guest);
    return guest;
}

static void
on_listed(const char *uuid, const char *name, bool is_running, void *user_data)
{
    VtHostd *hostd = user_data;
    bool is_known = g_hash_table_contains(hostd->guests, uuid);
    VtGuest *guest = get_guest(hostd, uuid, name, is_running);

    /* Seen before a reconnect: what it did meanwhile is only its state now. */
    if (is_known)
        vt_guest_on_change(guest, is_running ? VT_DOMAIN_RESUMED : VT_DOMAIN_SUSPENDED);
    read_wanted_xml(hostd, guest, uuid);
}

static void
on_change(const char *uuid, const char *name, VtDomainChange change, void *user_data)
{
    VtHostd *hostd = user_data;
    /* A guest first heard of by its change was in the state that the change ends. */
    bool was_running = change == VT_DOMAIN_SUSPENDED;
    VtGuest *guest = get_guest(hostd, uuid, name, was_running);

    g_debug("'%s': change %d", uuid, change);
    vt_guest_on_change(guest, change);
    if (vt_guest_is_gone(guest)) {
        vt_ntp_service_set_guest(hostd->ntp, uuid, NULL, NULL);
        g_hash_table_remove(hostd->guests, uuid);
    } else {
        read_wanted_xml(hostd, guest, uuid);
    }
}

static void
on_devices(const char *uuid, void *user_data)
{
    VtHostd *hostd = user_data;
    VtGuest *guest = g_hash_table_lookup(hostd->guests, uuid);
    if (guest == NULL)
        return;
    vt_guest_on_devices(guest);
    read_wanted_xml(hostd, guest, uuid);
}

static const VtDomainWatchListener watch_listener = {
    .on_listed = on_listed,
    .on_change = on_change,
    .on_devices = on_devices,
};

static gboolean
on_tick(gpointer user_data)
{
    VtHostd *hostd = user_data;
    GHashTableIter iter;
    gpointer uuid;
    gpointer guest;

    vt_host_watch_tick(hostd->host);
    g_hash_table_iter_init(&iter, hostd->guests);
    while (g_hash_table_iter_next(&iter, &uuid, &guest)) {
        vt_guest_on_tick(guest);
        if (vt_guest_is_gone(guest)) {
            vt_ntp_service_set_guest(hostd->ntp, uuid, NULL, NULL);
            g_hash_table_iter_remove(&iter);
        } else {
            read_wanted_xml(hostd, guest, uuid);
        }
    }
    return G_SOURCE_CONTINUE;
}

static void
guest_free(gpointer guest)
{
    vt_guest_free(guest);
}

static void
on_state_problem(const GError *error, void *user_data)
{
    (void)user_data;
    g_warning("%s; the journal, and whether guests are frozen, last until hostd ends only",
              error->message);
}

static void
read_state(VtHostd *hostd, const char *path)
{
    if (path == NULL)
        return;
    hostd->state = vt_state_folder_new(path, on_state_problem, NULL);
    hostd->context.journal = vt_journal_new(hostd->state, VT_HOSTD_JOURNAL_NAME);
    g_autofree char *freeze = vt_state_folder_read(hostd->state, FREEZE_NAME);
    hostd->context.is_frozen = g_strcmp0(freeze, "on\n") == 0;
    if (hostd->context.is_frozen)
        g_message("guests are frozen still: 'virt-timectl freeze off' ends it");
}

VtHostd *
vt_hostd_new(const VtHostdParams *params, VtClock *clock, GError **error)
{
    VtNtpService *ntp = vt_ntp_service_new(&params->ntp, clock, error);
    if (ntp == NULL)
        return NULL;
    VtHostd *hostd = g_new0(VtHostd, 1);
    /* Empty is libvirt's own choice: LIBVIRT_DEFAULT_URI or a probe. */
    hostd->uri = g_strdup(params->uri != NULL ? params->uri : "");
    hostd->context.clock = clock;
    hostd->context.channels =
        vt_channels_new(&(VtChannelsParams){ .uri = hostd->uri,
                                             .opener_path = params->opener_path,
                                             .passed = params->passed });
    hostd->context.instance = vt_random_nonce();
    hostd->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, guest_free);
    hostd->ntp = ntp;

    read_state(hostd, params->state_path);
    watch_host(hostd, &params->host);
    hostd->watch = vt_domain_watch_new(hostd->uri, &watch_listener, hostd);
    hostd->tick_id = g_timeout_add(1000, on_tick, hostd);
    return hostd;
}

void
vt_hostd_free(VtHostd *hostd)
{
    if (hostd == NULL)
        return;
    g_source_remove(hostd->tick_id);
    vt_domain_watch_free(hostd->watch);
    vt_host_watch_free(hostd->host);
    vt_ntp_service_free(hostd->ntp);
    g_hash_table_unref(hostd->guests);
    vt_journal_free(hostd->context.journal);
    vt_state_folder_free(hostd->state);
    vt_channels_free(hostd->context.channels);
    g_free(hostd->uri);
    g_free(hostd);
}

bool
vt_hostd_reconfigure(VtHostd *hostd, const VtHostdParams *params, GError **error)
{
    if (!vt_ntp_service_reconfigure(hostd->ntp, &params->ntp, error))
        return false;
    vt_host_watch_set_trust(hostd->host, params->host.trust);
    return true;
}

GVariant *
vt_hostd_get_host(VtHostd *hostd)
{
    const VtHostClock *host = &hostd->context.host_clock;
    const char *problem = vt_domain_watch_get_problem(hostd->watch);
    g_auto(GVariantDict) dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "version", "s", VT_VERSION);
    g_variant_dict_insert(&dict, "uri", "s", hostd->uri);
    g_variant_dict_insert(&dict, "libvirt", "s", problem != NULL ? problem : "connected");
    g_variant_dict_insert(&dict, "host-synchronised", "b", host->is_synchronised);
    g_variant_dict_insert(&dict, "host-error-ns", "x", vt_host_clock_get_error(host));
    g_variant_dict_insert(&dict, "frozen", "b", hostd->context.is_frozen);
    g_variant_dict_insert(&dict, "guests", "u", g_hash_table_size(hostd->guests));
    vt_ntp_service_insert(hostd->ntp, &dict);
    return g_variant_dict_end(&dict);
}

GVariant *
vt_hostd_get_guests(VtHostd *hostd)
{
    g_auto(GVariantBuilder) builder;
    GHashTableIter iter;
    gpointer guest;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    g_hash_table_iter_init(&iter, hostd->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        g_variant_builder_add_value(&builder, vt_guest_to_variant(guest));
    return g_variant_builder_end(&builder);
}

GVariant *
vt_hostd_get_ntp_clients(VtHostd *hostd, unsigned n_most)
{
    return vt_ntp_service_get_clients(hostd->ntp, n_most);
}

GVariant *
vt_hostd_get_ntp_counters(VtHostd *hostd)
{
    return vt_ntp_service_get_counters(hostd->ntp);
}

GVariant *
vt_hostd_get_journal(VtHostd *hostd, unsigned n_most)
{
    if (hostd->context.journal == NULL)
        return g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0);
    return vt_journal_get_tail(hostd->context.journal, n_most);
}

void
vt_hostd_set_frozen(VtHostd *hostd, bool is_frozen)
{
    GHashTableIter iter;
    gpointer guest;

    if (hostd->state != NULL)
        vt_state_folder_replace(hostd->state, FREEZE_NAME, is_frozen ? "on\n" : "off\n");
    if (hostd->context.is_frozen == is_frozen)
        return;
    hostd->context.is_frozen = is_frozen;
    g_message(is_frozen ? "guests are frozen: none is told to step"
                        : "guests are frozen no more");
    g_hash_table_iter_init(&iter, hostd->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        vt_guest_on_freeze(guest);
}

static VtGuest *
find_guest(VtHostd *hostd, const char *word)
{
    GHashTableIter iter;
    gpointer guest = g_hash_table_lookup(hostd->guests, word);

    if (guest != NULL)
        return guest;
    g_hash_table_iter_init(&iter, hostd->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest)) {
        if (g_str_equal(vt_guest_get_name(guest), word))
            return guest;
    }
    return NULL;
}

bool
vt_hostd_resync(VtHostd *hostd, const char *word, GError **error)
{
    VtGuest *guest = find_guest(hostd, word);
    if (guest != NULL)
        return vt_guest_resync(guest, error);
    g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                "no running guest has the name or UUID '%s': see 'virt-timectl guests'", word);
    return false;
}
