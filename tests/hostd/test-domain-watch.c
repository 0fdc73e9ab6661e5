/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Against libvirt's test driver; every connection of one process shares its domains. */
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>

#include "hostd/domain-watch.h"
#include "proto/link-words.h"

/* The test driver answers at once; this only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

typedef struct {
    VtDomainWatch *watch;
    virConnectPtr connection; /* the test's own, to cause events with */
    virDomainPtr domain;
    bool is_listed;
    GArray *changes; /* of VtDomainChange */
    VtDomainXml xml;
    bool has_xml;
    uint8_t mode;
    unsigned n_devices;
    bool has_timed_out;
} Fixture;

static void
on_listed(const char *uuid, const char *name, bool is_running, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_cmpuint(strlen(uuid), ==, 36);
    g_assert_cmpstr(name, ==, "test");
    g_assert_true(is_running);
    fixture->is_listed = true;
}

static void
on_change(const char *uuid, const char *name, VtDomainChange change, void *user_data)
{
    Fixture *fixture = user_data;
    (void)uuid;
    g_assert_cmpstr(name, ==, "test");
    g_array_append_val(fixture->changes, change);
}

static void
on_devices(const char *uuid, void *user_data)
{
    Fixture *fixture = user_data;
    (void)uuid;
    fixture->n_devices += 1;
}

static const VtDomainWatchListener listener = {
    .on_listed = on_listed,
    .on_change = on_change,
    .on_devices = on_devices,
};

static gboolean
on_timeout(gpointer user_data)
{
    Fixture *fixture = user_data;
    fixture->has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->changes = g_array_new(FALSE, FALSE, sizeof(VtDomainChange));
    fixture->connection = virConnectOpen("test:///default");
    g_assert_nonnull(fixture->connection);
    fixture->domain = virDomainLookupByName(fixture->connection, "test");
    g_assert_nonnull(fixture->domain);
    fixture->watch = vt_domain_watch_new("test:///default", &listener, fixture);
    guint timeout_id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, fixture);
    while (!fixture->is_listed && !fixture->has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timeout_id);
    g_assert_true(fixture->is_listed);
    g_assert_null(vt_domain_watch_get_problem(fixture->watch));
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_domain_watch_free(fixture->watch);
    virDomainFree(fixture->domain);
    virConnectClose(fixture->connection);
    g_array_unref(fixture->changes);
    vt_domain_xml_clear(&fixture->xml);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
wait_for_changes(Fixture *fixture, guint n_changes)
{
    guint timeout_id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, fixture);
    while (fixture->changes->len < n_changes && !fixture->has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timeout_id);
    g_assert_cmpuint(fixture->changes->len, ==, n_changes);
}

static VtDomainChange
change_at(Fixture *fixture, guint index)
{
    return g_array_index(fixture->changes, VtDomainChange, index);
}

static void
test_follows_suspend_and_resume(Fixture *fixture, gconstpointer data)
{
    (void)data;

    g_assert_cmpint(virDomainSuspend(fixture->domain), ==, 0);
    g_assert_cmpint(virDomainResume(fixture->domain), ==, 0);

    wait_for_changes(fixture, 2);
    g_assert_cmpint(change_at(fixture, 0), ==, VT_DOMAIN_SUSPENDED);
    g_assert_cmpint(change_at(fixture, 1), ==, VT_DOMAIN_RESUMED);
}

static void
test_follows_save_and_restore(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "saved", NULL);
    (void)data;

    g_assert_cmpint(virDomainSave(fixture->domain, path), ==, 0);
    g_assert_cmpint(virDomainRestore(fixture->connection, path), ==, 0);

    wait_for_changes(fixture, 2);
    g_assert_cmpint(change_at(fixture, 0), ==, VT_DOMAIN_SAVED);
    g_assert_cmpint(change_at(fixture, 1), ==, VT_DOMAIN_RESTORED);
    (void)g_unlink(path);
    (void)g_rmdir(folder);
}

static void
on_xml(const char *uuid, const VtDomainXml *domain, void *user_data)
{
    Fixture *fixture = user_data;
    (void)uuid;
    g_assert_nonnull(domain);
    g_assert_false(domain->has_channel);
    fixture->mode = domain->mode;
    fixture->has_xml = true;
}

static void
read_xml(Fixture *fixture)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    g_assert_cmpint(virDomainGetUUIDString(fixture->domain, uuid), ==, 0);

    vt_domain_watch_read_xml(fixture->watch, uuid, on_xml, fixture);

    guint timeout_id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, fixture);
    while (!fixture->has_xml && !fixture->has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timeout_id);
    g_assert_true(fixture->has_xml);
}

static void
test_reads_the_live_xml(Fixture *fixture, gconstpointer data)
{
    (void)data;
    read_xml(fixture);
}

static void
test_tells_of_changed_metadata(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(virDomainSetMetadata(fixture->domain, VIR_DOMAIN_METADATA_ELEMENT,
                                         "<time mode='observe'/>", "vt", VT_METADATA_NAMESPACE,
                                         VIR_DOMAIN_AFFECT_LIVE),
                    ==, 0);

    guint timeout_id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, fixture);
    while (fixture->n_devices == 0 && !fixture->has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timeout_id);
    g_assert_cmpuint(fixture->n_devices, ==, 1);
    read_xml(fixture);
    g_assert_cmpint(fixture->mode, ==, VT_LINK_MODE_OBSERVE);
    g_assert_cmpint(virDomainSetMetadata(fixture->domain, VIR_DOMAIN_METADATA_ELEMENT, NULL,
                                         NULL, VT_METADATA_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE),
                    ==, 0);
}

static void
test_names_each_lifecycle_event(void)
{
    static const struct {
        int event;
        int detail;
        VtDomainChange change;
    } rows[] = {
        { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_PAUSED, VT_DOMAIN_SUSPENDED },
        { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_IOERROR, VT_DOMAIN_SUSPENDED },
        { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED,
          VT_DOMAIN_SUSPENDED },
        { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY, VT_DOMAIN_OTHER },
        { VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED, VT_DOMAIN_RESUMED },
        { VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_MIGRATED, VT_DOMAIN_RESUMED },
        { VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT,
          VT_DOMAIN_REVERTED_IN_PLACE },
        { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED, VT_DOMAIN_BOOTED },
        { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_RESTORED, VT_DOMAIN_RESTORED },
        { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT,
          VT_DOMAIN_REVERTED },
        { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED, VT_DOMAIN_MIGRATED_IN },
        { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED, VT_DOMAIN_SAVED },
        { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT,
          VT_DOMAIN_REVERTING },
        { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED, VT_DOMAIN_STOPPED },
        { VIR_DOMAIN_EVENT_CRASHED, 0, VT_DOMAIN_STOPPED },
        { VIR_DOMAIN_EVENT_DEFINED, 0, VT_DOMAIN_OTHER },
        { 4711, 0, VT_DOMAIN_OTHER },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_domain_change_from_lifecycle(rows[i].event, rows[i].detail), ==,
                        rows[i].change);
}

#define add(path, function) \
    g_test_add("/hostd/domain-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(vt_domain_watch_prepare(NULL));
    g_test_add_func("/hostd/domain-watch/names-each-lifecycle-event",
                    test_names_each_lifecycle_event);
    add("follows-suspend-and-resume", test_follows_suspend_and_resume);
    add("follows-save-and-restore", test_follows_save_and_restore);
    add("reads-the-live-xml", test_reads_the_live_xml);
    add("tells-of-changed-metadata", test_tells_of_changed_metadata);
    return g_test_run();
}
