/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/clocksource.h"

#include <fcntl.h>
#include <string.h>

#include "os/fd.h"

#define NAME_BYTES 64

typedef struct {
    VtFd fd; /* of a file in sysfs, which shows its present content at each reading */
    char name[NAME_BYTES];
    VtHintFunc on_hint;
    void *user_data;
} ClocksourceHint;

/* False if it cannot be read. */
static bool
read_name(const ClocksourceHint *source, char ret_name[NAME_BYTES])
{
    ssize_t n_bytes = pread(source->fd, ret_name, NAME_BYTES - 1, 0);
    if (n_bytes <= 0)
        return false;
    ret_name[n_bytes] = '\0';
    return true;
}

static void
clocksource_tick(void *instance)
{
    ClocksourceHint *source = instance;
    VtHint hint = { .name = "clocksource", .reopens_rate = true };
    char name[NAME_BYTES];
    if (!read_name(source, name) || strcmp(name, source->name) == 0)
        return;
    memcpy(source->name, name, sizeof name);
    source->on_hint(&hint, source->user_data);
}

static void
clocksource_free(void *instance)
{
    ClocksourceHint *source = instance;
    vt_fd_close(&source->fd);
    g_free(source);
}

static const VtHintKind clocksource_kind = {
    .name = "clocksource",
    .tick = clocksource_tick,
    .shows_at_once = true,
    .free = clocksource_free,
};

VtHintSource
vt_hint_clocksource_new(const char *path, VtHintFunc on_hint, void *user_data)
{
    ClocksourceHint *source = g_new0(ClocksourceHint, 1);
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    source->on_hint = on_hint;
    source->user_data = user_data;
    if (source->fd < 0 || !read_name(source, source->name)) {
        clocksource_free(source);
        return (VtHintSource){ 0 };
    }
    return (VtHintSource){ .kind = &clocksource_kind, .instance = source };
}
