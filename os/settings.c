/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/settings.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/settings-text.h"

const char *const vt_settings_folders[] = { VT_VENDOR_DIR, VT_RUNTIME_DIR, VT_CONFIG_DIR,
                                            NULL };

/* The folder it lies in is the administrator's; so nobody swaps the file after this look. */
static bool
check_owner(const char *path, GError **error)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return true; /* not there: loading it says so */
    if ((status.st_uid == 0 || status.st_uid == geteuid()) &&
        ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || S_ISCHR(status.st_mode)))
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                "'%s': others than root can write it; 'chown root' and 'chmod go-w' mend that",
                path);
    return false;
}

static bool
read_file(const VtSettingsPlaces *places,
          VtSettingsText *text,
          const char *path,
          GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *content = NULL;
    size_t n_bytes = 0;

    if (places->is_privileged && !check_owner(path, error))
        return false;
    if (g_file_get_contents(path, &content, &n_bytes, &problem))
        return vt_settings_text_add(text, path, content, n_bytes, error);
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s': %s", path, problem->message);
    return false;
}

/* Of the one name, the file in the folder that counts most. Transfer full; NULL: none. */
static char *
find_main_file(const VtSettingsPlaces *places)
{
    char *found = NULL;
    for (size_t i = 0; places->folders[i] != NULL; i++) {
        g_autofree char *path = g_build_filename(places->folders[i], places->name, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        g_free(found);
        found = g_steal_pointer(&path);
    }
    return found;
}

static bool
list_folder(const char *folder, GTree *drop_ins, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &problem);
    if (dir == NULL && g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    if (dir == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "cannot read settings: %s",
                    problem->message);
        return false;
    }
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        if (*name != '.' && g_str_has_suffix(name, ".conf"))
            g_tree_replace(drop_ins, g_strdup(name), g_build_filename(folder, name, NULL));
    }
    return true;
}

static int
compare_names(gconstpointer a, gconstpointer b, gpointer user_data)
{
    (void)user_data;
    return strcmp(a, b);
}

/* Name -> path, in the order in which they are to be read. Transfer full. */
static GTree *
find_drop_ins(const VtSettingsPlaces *places, GError **error)
{
    g_autoptr(GTree) drop_ins = g_tree_new_full(compare_names, NULL, g_free, g_free);
    g_autofree char *beside = NULL;

    if (places->file != NULL) {
        beside = g_strconcat(places->file, ".d", NULL);
        return list_folder(beside, drop_ins, error) ? g_steal_pointer(&drop_ins) : NULL;
    }
    for (size_t i = 0; places->folders[i] != NULL; i++) {
        g_autofree char *name = g_strconcat(places->name, ".d", NULL);
        g_autofree char *folder = g_build_filename(places->folders[i], name, NULL);
        if (!list_folder(folder, drop_ins, error))
            return NULL;
    }
    return g_steal_pointer(&drop_ins);
}

static bool
read_all(const VtSettingsPlaces *places, VtSettingsText *text, GError **error)
{
    g_autofree char *main_file =
        places->file != NULL ? g_strdup(places->file) : find_main_file(places);
    g_autoptr(GTree) drop_ins = find_drop_ins(places, error);

    if (drop_ins == NULL)
        return false;
    if (main_file != NULL && !read_file(places, text, main_file, error))
        return false;
    for (GTreeNode *node = g_tree_node_first(drop_ins); node != NULL;
         node = g_tree_node_next(node)) {
        if (!read_file(places, text, g_tree_node_value(node), error))
            return false;
    }
    return true;
}

static bool
understand(VtSettingsText *text, const VtSettingsRules *rules, void *config, GError **error)
{
    GKeyFile *key_file = vt_settings_text_get_key_file(text);
    if (!vt_options_parse(&rules->options, key_file, config, error))
        return false;
    if (rules->check == NULL || rules->check(config, error))
        return true;
    vt_options_clear(&rules->options, config);
    return false;
}

bool
vt_settings_load(const VtSettingsPlaces *places,
                 const VtSettingsRules *rules,
                 void *config,
                 GError **error)
{
    g_autoptr(VtSettingsText) text = vt_settings_text_new();
    g_autoptr(GError) problem = NULL;

    if (!read_all(places, text, error))
        return false;
    if (understand(text, rules, config, &problem))
        return true;
    vt_settings_text_locate(text, &problem);
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}
