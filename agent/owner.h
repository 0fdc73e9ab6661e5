/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who steers this machine's clock already? Nothing in the kernel arbitrates between two
 * writers, so a second one must not begin. And who else sets it now and then?
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef enum {
    VT_OWNER_NONE,
    VT_OWNER_CHRONYD,
    VT_OWNER_OTHER,   /* another daemon that steers a clock */
    VT_OWNER_SELF,    /* another virt-time-agent */
    VT_OWNER_UNKNOWN, /* the rate changes again and again, and nobody is seen who does it */
} VtOwnerKind;

typedef struct {
    VtOwnerKind kind;
    int pid;       /* 0: unknown */
    char name[32]; /* as people know it: "chronyd", "systemd-timesyncd", ... */
} VtOwner;

/* Where processes and the kernel's modules are looked for; proc NULL: nobody is. */
typedef struct {
    const char *proc_path;   /* "/proc" */
    const char *module_path; /* "/sys/module"; NULL: not looked for */
} VtOwnerPlaces;

/* Of this machine. */
extern const VtOwnerPlaces vt_owner_places_system;

typedef struct {
    VtOwner owner;
    char *writers; /* those that set the clock at times, in words; "" for none */
} VtOwnerView;

/* Looks through all processes. Released with vt_owner_view_clear. */
void vt_owner_look(const VtOwnerPlaces *places, VtOwnerView *ret_view);
void vt_owner_view_clear(VtOwnerView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtOwnerView, vt_owner_view_clear)

/* Whether @owner, found earlier, is there still: much cheaper than looking for it. */
bool vt_owner_is_alive(const VtOwnerPlaces *places, const VtOwner *owner);

/* Whether a unit, or what stands under /run, of this name may be a time daemon's. */
bool vt_owner_is_sign(const char *entry_name);
