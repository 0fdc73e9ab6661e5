/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target over each file of its corpus, as an ordinary test with any compiler.
 * Arguments: the name of the format and the directory.
 */
#include <glib.h>

#include "tests/fuzz/fuzz.h"

static void
test_file_keeps_the_promises(const void *data)
{
    const char *path = data;
    g_autofree char *bytes = NULL;
    size_t n_bytes;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &bytes, &n_bytes, &error);
    g_assert_no_error(error);
    /* Without the NUL that GLib adds, so that the sanitizer sees a byte read too many. */
    g_autofree uint8_t *exact = g_memdup2(bytes, n_bytes);

    g_assert_cmpint(LLVMFuzzerTestOneInput(exact, n_bytes), ==, 0);
}

static int
compare_names(const void *a, const void *b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (argc != 3)
        g_error("usage: %s FORMAT DIRECTORY", g_get_prgname());

    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = g_dir_open(argv[2], 0, &error);
    if (directory == NULL)
        g_error("cannot read the corpus: %s", error->message);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    while ((name = g_dir_read_name(directory)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    /* A corpus that was lost must not pass for one that was replayed. */
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, compare_names);

    for (size_t i = 0; i < names->len; i++) {
        g_autofree char *test_path =
            g_strdup_printf("/fuzz/%s/%s", argv[1], (char *)names->pdata[i]);
        char *path = g_build_filename(argv[2], names->pdata[i], NULL);
        g_test_add_data_func_full(test_path, path, test_file_keeps_the_promises, g_free);
    }
    return g_test_run();
}
