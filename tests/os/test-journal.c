/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "os/journal.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_MS 5000

typedef struct {
    char *path;
    VtStateFolder *folder;
    VtJournal *journal;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->path = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->folder = vt_state_folder_new(fixture->path, NULL, NULL);
    fixture->journal = vt_journal_new(fixture->folder, "journal.jsonl");
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file = g_build_filename(fixture->path, "journal.jsonl", NULL);
    (void)data;
    vt_journal_free(fixture->journal);
    vt_state_folder_free(fixture->folder);
    (void)g_remove(file);
    g_assert_cmpint(g_rmdir(fixture->path), ==, 0);
    g_free(fixture->path);
}

static void
add_record(const Fixture *fixture, int64_t number)
{
    GVariantDict dict;
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "number", "x", number);
    vt_journal_add(fixture->journal, g_variant_dict_end(&dict));
}

static int64_t
number_of(GVariant *record)
{
    int64_t number = -1;
    g_assert_true(g_variant_lookup(record, "number", "x", &number));
    return number;
}

static void
begin_anew(Fixture *fixture)
{
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
    vt_journal_free(fixture->journal);
    fixture->journal = vt_journal_new(fixture->folder, "journal.jsonl");
}

static void
test_tail_is_oldest_first(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int64_t i = 1; i <= 5; i++)
        add_record(fixture, i);

    g_autoptr(GVariant) tail = g_variant_ref_sink(vt_journal_get_tail(fixture->journal, 2));
    g_autoptr(GVariant) first = g_variant_get_child_value(tail, 0);
    g_autoptr(GVariant) none = g_variant_ref_sink(vt_journal_get_tail(fixture->journal, 0));

    g_assert_cmpuint(g_variant_n_children(tail), ==, 2);
    g_assert_cmpint(number_of(first), ==, 4);
    g_assert_cmpint(number_of(vt_journal_get_last(fixture->journal)), ==, 5);
    g_assert_cmpuint(g_variant_n_children(none), ==, 0);
}

static void
test_survives_a_restart(Fixture *fixture, gconstpointer data)
{
    (void)data;
    add_record(fixture, 1);
    add_record(fixture, 2);

    begin_anew(fixture);
    add_record(fixture, 3);

    g_autoptr(GVariant) tail = g_variant_ref_sink(vt_journal_get_tail(fixture->journal, 10));
    g_autoptr(GVariant) first = g_variant_get_child_value(tail, 0);
    g_assert_cmpuint(g_variant_n_children(tail), ==, 3);
    g_assert_cmpint(number_of(first), ==, 1);
}

static void
test_garbage_between_records_is_passed_over(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file = g_build_filename(fixture->path, "journal.jsonl", NULL);
    (void)data;
    g_assert_true(g_file_set_contents(
        file, "{\"number\":1}\n{\"numb\nnot json\n\n{\"number\":2}\n", -1, NULL));

    begin_anew(fixture);

    g_autoptr(GVariant) tail = g_variant_ref_sink(vt_journal_get_tail(fixture->journal, 10));
    g_assert_cmpuint(g_variant_n_children(tail), ==, 2);
    g_assert_cmpint(number_of(vt_journal_get_last(fixture->journal)), ==, 2);
}

static void
test_memory_is_bounded(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int64_t i = 1; i <= 1000; i++)
        add_record(fixture, i);

    g_autoptr(GVariant) tail = g_variant_ref_sink(vt_journal_get_tail(fixture->journal, 5000));
    g_assert_cmpuint(g_variant_n_children(tail), ==, 256);
    g_assert_cmpint(number_of(vt_journal_get_last(fixture->journal)), ==, 1000);
}

static void
test_lost_records_are_told(Fixture *fixture, gconstpointer data)
{
    uint64_t n_lost = 0;
    g_autofree char *file = g_build_filename(fixture->path, "journal.jsonl", NULL);
    (void)data;
    /* A folder where the file is to be. */
    g_assert_cmpint(g_mkdir(file, 0700), ==, 0);
    add_record(fixture, 1);
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
    g_assert_cmpint(g_rmdir(file), ==, 0);

    add_record(fixture, 2);
    g_assert_true(
        g_variant_lookup(vt_journal_get_last(fixture->journal), "lost", "t", &n_lost));
    add_record(fixture, 3);

    g_assert_cmpuint(n_lost, ==, 1);
    g_assert_false(g_variant_lookup(vt_journal_get_last(fixture->journal), "lost", "t", NULL));
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
}

#define add(path, function) \
    g_test_add("/os/journal/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("tail-is-oldest-first", test_tail_is_oldest_first);
    add("survives-a-restart", test_survives_a_restart);
    add("garbage-between-records-is-passed-over", test_garbage_between_records_is_passed_over);
    add("memory-is-bounded", test_memory_is_bounded);
    add("lost-records-are-told", test_lost_records_are_told);
    return g_test_run();
}
