/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/hostd/fake-channel.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <glib/gstdio.h>

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

static char *
make_domain_xml(const FakeHost *host, unsigned index)
{
    g_autofree char *uuid = fake_host_dup_uuid(index);
    g_autofree char *path = fake_host_dup_path(host, index);
    return g_strdup_printf("<domain type='test'><name>guest%u</name><uuid>%s</uuid>"
                           "<memory>65536</memory><os><type>hvm</type></os><devices>"
                           "<channel type='unix'><source mode='bind' path='%s'/>"
                           "<target type='virtio' name='org.virttime.0'/></channel>"
                           "</devices></domain>\n",
                           index, uuid, path);
}

static void
write_node_file(FakeHost *host)
{
    g_autofree char *path = g_build_filename(host->folder, "node.xml", NULL);
    g_autoptr(GString) text = g_string_new("<node>");
    for (unsigned i = 0; i < host->n_domains; i++) {
        g_autofree char *domain = make_domain_xml(host, i);
        g_string_append(text, domain);
    }
    g_string_append(text, "</node>\n");
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    host->uri = g_strconcat("test://", path, NULL);
}

void
fake_host_init(FakeHost *host, unsigned n_domains)
{
    g_assert_cmpuint(n_domains, <=, FAKE_HOST_MAX_DOMAINS);
    *host = (FakeHost){ .n_domains = n_domains };
    host->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    host->channel_folder = g_build_filename(host->folder, "channel", NULL);
    g_assert_cmpint(g_mkdir(host->channel_folder, 0755), ==, 0);
    for (unsigned i = 0; i < FAKE_HOST_MAX_DOMAINS; i++)
        host->listen_fds[i] = VT_FD_NONE;
    write_node_file(host);
}

void
fake_host_clear(FakeHost *host)
{
    g_autofree char *node_path = g_build_filename(host->folder, "node.xml", NULL);
    for (unsigned i = 0; i < host->n_domains; i++) {
        g_autofree char *path = fake_host_dup_path(host, i);
        g_autofree char *folder = g_path_get_dirname(path);
        vt_fd_close(&host->listen_fds[i]);
        (void)g_unlink(path);
        (void)g_rmdir(folder);
    }
    (void)g_unlink(node_path);
    (void)g_rmdir(host->channel_folder);
    (void)g_rmdir(host->folder);
    g_clear_pointer(&host->folder, g_free);
    g_clear_pointer(&host->channel_folder, g_free);
    g_clear_pointer(&host->uri, g_free);
}

char *
fake_host_dup_uuid(unsigned index)
{
    return g_strdup_printf("6695eb01-f6a4-8304-79aa-97f2502e19%02x", index);
}

char *
fake_host_dup_path(const FakeHost *host, unsigned index)
{
    return g_strdup_printf("%s/%u-guest%u/org.virttime.0", host->channel_folder, index + 1,
                           index);
}

void
fake_host_listen(FakeHost *host, unsigned index)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = fake_host_dup_path(host, index);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    host->listen_fds[index] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(host->listen_fds[index], (struct sockaddr *)&address, sizeof address),
                    ==, 0);
    g_assert_cmpint(listen(host->listen_fds[index], 1), ==, 0);
}

VtFd
fake_host_accept(FakeHost *host, unsigned index)
{
    return accept4(host->listen_fds[index], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

void
fake_host_run_until(bool (*is_done)(void *user_data), void *user_data)
{
    bool has_timed_out = false;
    guint timeout_id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!is_done(user_data) && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timeout_id);
    g_assert_false(has_timed_out);
}
