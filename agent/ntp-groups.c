/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/ntp-groups.h"

#include "agent/network-watch.h"
#include "agent/ntp-group.h"
#include "agent/source-server.h"

struct VtNtpGroups {
    const VtSourceOwner *owner;
    GPtrArray *list; /* VtSource, all there are */
    VtSelector *selector;
    GPtrArray *groups;       /* VtNtpGroup, owned */
    VtNetworkWatch *network; /* NULL: nobody was ever looked for on a network */
};

static void
free_group(gpointer group)
{
    vt_ntp_group_free(group);
}

VtNtpGroups *
vt_ntp_groups_new(const VtSourceOwner *owner, GPtrArray *list, VtSelector *selector)
{
    VtNtpGroups *groups = g_new0(VtNtpGroups, 1);
    groups->owner = owner;
    groups->list = list;
    groups->selector = selector;
    groups->groups = g_ptr_array_new_with_free_func(free_group);
    return groups;
}

void
vt_ntp_groups_free(VtNtpGroups *groups)
{
    if (groups == NULL)
        return;
    vt_network_watch_free(groups->network);
    g_ptr_array_unref(groups->groups);
    g_free(groups);
}

static void
on_network_change(void *user_data)
{
    VtNtpGroups *groups = user_data;
    for (guint i = 0; i < groups->groups->len; i++)
        vt_ntp_group_on_network_change(groups->groups->pdata[i]);
}

void
vt_ntp_groups_on_tick(VtNtpGroups *groups)
{
    for (guint i = 0; i < groups->groups->len; i++)
        vt_ntp_group_on_tick(groups->groups->pdata[i]);
}

static bool
is_wanted(const VtNtpGroup *group, const GPtrArray *configs, const VtNtpKeys *keys)
{
    for (guint i = 0; configs != NULL && i < configs->len; i++) {
        if (vt_ntp_group_is_of(group, configs->pdata[i], keys))
            return true;
    }
    return false;
}

static bool
is_there(const VtNtpGroups *groups, const VtServerConfig *config, const VtNtpKeys *keys)
{
    for (guint i = 0; i < groups->groups->len; i++) {
        if (vt_ntp_group_is_of(groups->groups->pdata[i], config, keys))
            return true;
    }
    return false;
}

static void
remove_source(VtNtpGroups *groups, VtSource *source)
{
    guint index;
    bool is_listed = g_ptr_array_find(groups->list, source, &index);
    g_assert(is_listed);
    vt_selector_forget(groups->selector, index);
    g_ptr_array_remove_index(groups->list, index);
}

static void
remove_group(VtNtpGroups *groups, guint index)
{
    VtNtpGroup *group = groups->groups->pdata[index];
    g_autoptr(GPtrArray) members = g_ptr_array_ref(vt_ntp_group_get_members(group));

    g_ptr_array_remove_index(groups->groups, index);
    for (guint i = 0; i < members->len; i++)
        remove_source(groups, members->pdata[i]);
}

static void
remove_unwanted(VtNtpGroups *groups, const VtSourcesServers *servers)
{
    for (guint i = groups->groups->len; i > 0; i--) {
        const VtNtpGroup *group = groups->groups->pdata[i - 1];
        if (!is_wanted(group, servers->servers, servers->keys) &&
            !is_wanted(group, servers->pools, servers->keys))
            remove_group(groups, i - 1);
    }
}

static void
add_missing(VtNtpGroups *groups, const GPtrArray *configs, const VtNtpKeys *keys)
{
    for (guint i = 0; configs != NULL && i < configs->len; i++) {
        const VtServerConfig *config = configs->pdata[i];
        if (!is_there(groups, config, keys))
            g_ptr_array_add(groups->groups,
                            vt_ntp_group_new(config, keys, groups->owner, groups->list));
    }
}

void
vt_ntp_groups_set(VtNtpGroups *groups, const VtSourcesServers *servers)
{
    remove_unwanted(groups, servers);
    add_missing(groups, servers->servers, servers->keys);
    add_missing(groups, servers->pools, servers->keys);
    if (groups->groups->len > 0 && groups->network == NULL)
        groups->network = vt_network_watch_new(on_network_change, groups);
}
