/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine without a bus is not asked for one for ever. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "bus/system-bus.h"
#include "tests/os/threads.h"

#define RETRY_MS 10

/*
 * Ten, twenty, forty, ...: five attempts take 150 ms, the tenth comes after five seconds. Each
 * is two connections: whether somebody is there, and the bus's.
 */
#define LOOK_MS          600
#define MOST_CONNECTIONS 16

static gboolean
on_incoming(GSocketService *service,
            GSocketConnection *connection,
            GObject *source,
            gpointer data)
{
    unsigned *n_connections = data;
    (void)service;
    (void)source;
    *n_connections += 1;
    g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
    return TRUE;
}

static gboolean
on_over(gpointer user_data)
{
    bool *is_over = user_data;
    *is_over = true;
    return G_SOURCE_REMOVE;
}

static void
wait_ms(unsigned span_ms)
{
    bool is_over = false;
    g_timeout_add(span_ms, on_over, &is_over);
    while (!is_over)
        g_main_context_iteration(NULL, TRUE);
}

static void
leave_dead_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(close(fd), ==, 0);
}

/* The first of all: what GIO made once it keeps. */
static void
test_bus_that_cannot_be_there_costs_no_thread(void)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "a bus", NULL);
    g_autofree char *address =
        g_strdup_printf("unix:path=%s/a%%20bus;unix:guid=12,path=%s/none", folder, folder);
    VtSystemBusParams params = {
        .address = address,
        .name = "org.virttime.Test",
        .retry_ms = RETRY_MS,
    };

    /* A socket that nobody listens on any more is no bus either. */
    leave_dead_socket(path);
    VtSystemBus *bus = vt_system_bus_new(&params, NULL);
    wait_ms(5 * RETRY_MS);
    g_assert_cmpuint(count_threads(getpid()), ==, 1);
    g_assert_cmpint(g_unlink(path), ==, 0);

    /* It has come meanwhile. */
    g_autoptr(GSocketAddress) socket = g_unix_socket_address_new(path);
    g_autoptr(GSocketService) service = g_socket_service_new();
    unsigned n_connections = 0;
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), &n_connections);
    g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(service), socket,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                                NULL, NULL, NULL));
    wait_ms(LOOK_MS);
    g_assert_cmpuint(n_connections, >=, 2);
    vt_system_bus_free(bus);
    g_socket_service_stop(service);
    wait_ms(RETRY_MS);
    g_socket_listener_close(G_SOCKET_LISTENER(service));
    g_unlink(path);
    g_rmdir(folder);
}

static void
test_bus_that_is_not_there_is_looked_for_ever_more_seldom(void)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "bus", NULL);
    g_autofree char *address = g_strdup_printf("unix:path=%s", path);
    g_autoptr(GSocketAddress) socket = g_unix_socket_address_new(path);
    g_autoptr(GSocketService) service = g_socket_service_new();
    unsigned n_connections = 0;
    g_assert_true(g_socket_listener_add_address(G_SOCKET_LISTENER(service), socket,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                                NULL, NULL, NULL));
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), &n_connections);
    VtSystemBusParams params = {
        .address = address,
        .name = "org.virttime.Test",
        .retry_ms = RETRY_MS,
    };

    VtSystemBus *bus = vt_system_bus_new(&params, NULL);
    wait_ms(LOOK_MS);

    g_assert_cmpuint(n_connections, >=, 4);
    g_assert_cmpuint(n_connections, <=, MOST_CONNECTIONS);
    vt_system_bus_free(bus);
    g_socket_listener_close(G_SOCKET_LISTENER(service));
    g_unlink(path);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/system-bus/bus-that-cannot-be-there-costs-no-thread",
                    test_bus_that_cannot_be_there_costs_no_thread);
    g_test_add_func("/bus/system-bus/bus-that-is-not-there-is-looked-for-ever-more-seldom",
                    test_bus_that_is_not_there_is_looked_for_ever_more_seldom);
    return g_test_run();
}
