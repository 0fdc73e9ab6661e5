/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/owner-watch.h"

#include "os/entry-watch.h"

/* Without any sign: daemons that no unit starts. */
#define LOOK_EVERY_TICKS 60

/* After a sign: a unit starts a process, which becomes the daemon some time later. */
#define LOOKS_AFTER_SIGN 10

/* Foreign rates within this are counted together. */
#define FOREIGN_TICKS 60

/* An owner that nobody sees is given so long before the clock is tried again. */
#define UNKNOWN_TICKS 900

static const char *const system_folders[] = { "/run/systemd/units", "/run", NULL };

const VtOwnerWatchParams vt_owner_watch_system = {
    .where = { .proc_path = "/proc", .module_path = "/sys/module" },
    .folders = system_folders,
};

struct VtOwnerWatch {
    VtOwnerPlaces places;
    VtEntryWatch *entries;
    VtOwnerFunc on_change;
    void *user_data;
    VtOwner owner;
    char *writers;
    unsigned n_ticks_to_look;
    unsigned n_looks_to_do; /* one a tick */
    unsigned n_ticks_gone;  /* of an owner that has ended */
    unsigned n_foreign;
    unsigned n_ticks_to_forget; /* foreign rates, or an unknown owner */
};

static void
set_owner(VtOwnerWatch *watch, const VtOwner *owner)
{
    bool is_same = owner->kind == watch->owner.kind && owner->pid == watch->owner.pid;
    watch->owner = *owner;
    watch->n_ticks_gone = 0;
    watch->n_foreign = 0;
    if (!is_same)
        watch->on_change(watch->user_data);
}

void
vt_owner_watch_look(VtOwnerWatch *watch)
{
    VtOwnerView view;
    watch->n_ticks_to_look = LOOK_EVERY_TICKS;
    vt_owner_look(&watch->places, &view);
    g_free(watch->writers);
    watch->writers = g_steal_pointer(&view.writers);
    if (view.owner.kind != VT_OWNER_NONE)
        set_owner(watch, &view.owner);
}

static void
on_entry(const char *name, void *user_data)
{
    VtOwnerWatch *watch = user_data;
    if (!vt_owner_is_sign(name))
        return;
    watch->n_looks_to_do = LOOKS_AFTER_SIGN;
    vt_owner_watch_look(watch);
}

static void
on_nothing(void *user_data)
{
    (void)user_data; /* the first look is told to nobody */
}

VtOwnerWatch *
vt_owner_watch_new(const VtOwnerWatchParams *params, VtOwnerFunc on_change, void *user_data)
{
    static const char *const no_folders[] = { NULL };
    VtOwnerWatch *watch = g_new0(VtOwnerWatch, 1);
    watch->places = params->where;
    watch->on_change = on_nothing;
    watch->user_data = user_data;
    watch->entries = vt_entry_watch_new(params->folders != NULL ? params->folders : no_folders,
                                        on_entry, watch);
    vt_owner_watch_look(watch);
    watch->on_change = on_change;
    return watch;
}

void
vt_owner_watch_free(VtOwnerWatch *watch)
{
    if (watch == NULL)
        return;
    vt_entry_watch_free(watch->entries);
    g_free(watch->writers);
    g_free(watch);
}

const VtOwner *
vt_owner_watch_get(const VtOwnerWatch *watch)
{
    return &watch->owner;
}

const char *
vt_owner_watch_get_writers(const VtOwnerWatch *watch)
{
    return watch->writers;
}

static void
drop_owner(VtOwnerWatch *watch)
{
    set_owner(watch, &(VtOwner){ .kind = VT_OWNER_NONE });
}

/* An owner that ended: looked for each second, since it is probably being restarted. */
static void
await_owner(VtOwnerWatch *watch)
{
    if (vt_owner_is_alive(&watch->places, &watch->owner)) {
        watch->n_ticks_gone = 0;
        return;
    }
    watch->n_ticks_gone++;
    watch->n_looks_to_do = 1;
    if (watch->n_ticks_gone > VT_OWNER_GONE_TICKS)
        drop_owner(watch);
}

static void
age_foreign(VtOwnerWatch *watch)
{
    if (watch->n_ticks_to_forget == 0)
        return;
    watch->n_ticks_to_forget--;
    if (watch->n_ticks_to_forget > 0)
        return;
    watch->n_foreign = 0;
    if (watch->owner.kind == VT_OWNER_UNKNOWN)
        drop_owner(watch);
}

void
vt_owner_watch_on_tick(VtOwnerWatch *watch)
{
    age_foreign(watch);
    if (watch->owner.pid > 0)
        await_owner(watch);
    if (watch->n_ticks_to_look > 0)
        watch->n_ticks_to_look--;
    if (watch->n_looks_to_do == 0 && watch->n_ticks_to_look > 0)
        return;
    if (watch->n_looks_to_do > 0)
        watch->n_looks_to_do--;
    vt_owner_watch_look(watch);
}

void
vt_owner_watch_note_foreign_rate(VtOwnerWatch *watch)
{
    vt_owner_watch_look(watch);
    if (watch->owner.kind != VT_OWNER_NONE || watch->places.proc_path == NULL)
        return;
    watch->n_foreign++;
    if (watch->n_foreign == 1)
        watch->n_ticks_to_forget = FOREIGN_TICKS;
    if (watch->n_foreign < VT_OWNER_MOST_FOREIGN)
        return;
    watch->n_ticks_to_forget = UNKNOWN_TICKS;
    set_owner(watch, &(VtOwner){ .kind = VT_OWNER_UNKNOWN, .name = "an unknown program" });
}
