/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A named virtio-serial port in the guest: finds its node, opens it, reads and writes bytes
 * without ever blocking, and tells when the host side comes and goes. While the host side is
 * closed the port reports POLLHUP for ever, so it leaves the poll set until vt_port_probe finds
 * the host back (SIGIO or the tick calls it).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct VtPort VtPort;

typedef struct {
    void (*on_opened)(void *user_data); /* the host side is there */
    void (*on_closed)(void *user_data); /* it is not, or the port itself is gone */
    void (*on_bytes)(const uint8_t *bytes, size_t n_bytes, void *user_data);
} VtPortListener;

/* Where ports are looked up; tests use other folders. */
typedef struct {
    const char *sysfs_path;  /* '/sys/class/virtio-ports' */
    const char *device_path; /* '/dev' */
} VtPortPlaces;

/* The places of a real machine. */
VtPortPlaces vt_port_places_system(void);

/*
 * Opens the port called @name. VT_ERROR_NOT_FOUND when the machine has none, VT_ERROR_BUSY when
 * another program holds it. @listener must outlive the port; nothing is called before the
 * first vt_port_probe. Transfer full.
 */
VtPort *vt_port_open(const VtPortPlaces *places,
                     const char *name,
                     const VtPortListener *listener,
                     void *user_data,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_port_free(VtPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtPort, vt_port_free)

/* Looks whether the host side is there; cheap, and harmless when nothing changed. */
void vt_port_probe(VtPort *port);

/* True once the device itself has vanished: free this port and look for a new one. */
bool vt_port_is_gone(const VtPort *port);

/* Writes all of it or nothing; false when the host side is closed or its queue is full. */
bool vt_port_send(VtPort *port, const uint8_t *bytes, size_t n_bytes);
