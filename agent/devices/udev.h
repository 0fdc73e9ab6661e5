/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices of this machine that show time or tell of a change, as udev knows them: those that
 * are there, and from then on those that come and go. Where no udevd runs, only the former.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef enum {
    VT_UDEV_IS_THERE, /* was there when it was asked for */
    VT_UDEV_ADDED,
    VT_UDEV_CHANGED,
    VT_UDEV_REMOVED,
    VT_UDEV_LOST_EVENTS, /* more happened than was told; everything else is empty */
} VtUdevChange;

typedef struct {
    VtUdevChange change;
    const char *subsystem;  /* "ptp", "misc", "rtc", "cpu", "acpi", "platform" */
    const char *name;       /* "ptp0" */
    const char *path;       /* of its node; NULL if it has none */
    const char *clock_name; /* its attribute clock_name or name; NULL if it has none */
    bool has_new_vmgenid;   /* NEW_VMGENID=1 */
} VtUdevEvent;

/* The texts of @event are borrowed for the call. */
typedef void (*VtUdevFunc)(const VtUdevEvent *event, void *user_data);

typedef struct VtUdev VtUdev;

/* Transfer full; NULL where there is no udev at all. */
VtUdev *vt_udev_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_udev_free(VtUdev *udev);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtUdev, vt_udev_free)

/* Calls @func for each clock that is there, from within this call. */
void vt_udev_enumerate(VtUdev *udev, VtUdevFunc func, void *user_data);

/*
 * Calls @func for each change from now on, in the order of their adding if there are several;
 * vt_udev_remove_listener ends that.
 */
void vt_udev_add_listener(VtUdev *udev, VtUdevFunc func, void *user_data);
void vt_udev_remove_listener(VtUdev *udev, VtUdevFunc func, const void *user_data);
