/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "os/fd.h"
#include "os/state-folder.h"
#include "os/state-write.h"
#include "tests/os/threads.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_MS 5000

typedef struct {
    char *path; /* of the folder; does not exist yet */
    VtStateFolder *folder;
    unsigned n_problems;
    char *problem;
} Fixture;

static void
on_problem(const GError *error, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_problems += 1;
    g_free(fixture->problem);
    fixture->problem = g_strdup(error->message);
}

static char *
in_folder(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->path, name, NULL);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *above = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->path = g_build_filename(above, "state", "agent", NULL);
    fixture->folder = vt_state_folder_new(fixture->path, on_problem, fixture);
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    for (const char *name = folder != NULL ? g_dir_read_name(folder) : NULL; name != NULL;
         name = g_dir_read_name(folder)) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        remove_tree(inner);
    }
    (void)g_remove(path);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *middle = g_path_get_dirname(fixture->path);
    g_autofree char *above = g_path_get_dirname(middle);
    vt_state_folder_free(fixture->folder);
    remove_tree(above);
    g_free(fixture->path);
    g_free(fixture->problem);
}

static void
wait_for_problem(Fixture *fixture, unsigned n_problems)
{
    while (fixture->n_problems < n_problems)
        g_main_context_iteration(NULL, TRUE);
}

static void
write_file(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = in_folder(fixture, name);
    g_assert_cmpint(g_mkdir_with_parents(fixture->path, 0750), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
assert_file(const Fixture *fixture, const char *name, const char *expected)
{
    g_autofree char *path = in_folder(fixture, name);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

static void
test_lines_are_kept_in_order(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_state_folder_append(fixture->folder, "journal.jsonl", "one");
    vt_state_folder_append(fixture->folder, "journal.jsonl", "two");
    vt_state_folder_append(fixture->folder, "journal.jsonl", "three");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    g_auto(GStrv) last = vt_state_folder_read_tail(fixture->folder, "journal.jsonl", 2);
    assert_file(fixture, "journal.jsonl", "one\ntwo\nthree\n");
    g_assert_cmpuint(g_strv_length(last), ==, 2);
    g_assert_cmpstr(last[0], ==, "two");
    g_assert_cmpstr(last[1], ==, "three");
}

static void
test_others_cannot_read_the_folder(Fixture *fixture, gconstpointer data)
{
    GStatBuf status;
    g_autofree char *path = in_folder(fixture, "journal.jsonl");
    (void)data;
    vt_state_folder_append(fixture->folder, "journal.jsonl", "one");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    g_assert_cmpint(g_stat(fixture->path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0007, ==, 0);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0007, ==, 0);
}

static void
test_a_full_journal_is_kept_as_one_old_file(Fixture *fixture, gconstpointer data)
{
    g_autofree char *full = g_strnfill(VT_STATE_JOURNAL_MAX_BYTES - 10, 'x');
    g_autofree char *almost = g_strconcat(full, "\nlast\n", NULL);
    (void)data;
    write_file(fixture, "journal.jsonl", almost);
    write_file(fixture, "journal.jsonl.1", "the oldest\n");

    vt_state_folder_append(fixture->folder, "journal.jsonl", "the newest");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    g_auto(GStrv) last = vt_state_folder_read_tail(fixture->folder, "journal.jsonl", 2);
    assert_file(fixture, "journal.jsonl", "the newest\n");
    assert_file(fixture, "journal.jsonl.1", almost);
    g_assert_cmpstr(last[0], ==, "last");
    g_assert_cmpstr(last[1], ==, "the newest");
}

static void
test_a_line_cut_by_a_crash_spoils_no_other(Fixture *fixture, gconstpointer data)
{
    (void)data;
    write_file(fixture, "journal.jsonl", "whole\nhal");

    vt_state_folder_append(fixture->folder, "journal.jsonl", "next");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    assert_file(fixture, "journal.jsonl", "whole\nhal\nnext\n");
}

static void
test_a_small_file_is_replaced(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_state_folder_replace(fixture->folder, "state", "rate=1\n");
    vt_state_folder_replace(fixture->folder, "state", "rate=2\n");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    g_autofree char *text = vt_state_folder_read(fixture->folder, "state");
    g_autofree char *left = in_folder(fixture, "state.new");
    g_assert_cmpstr(text, ==, "rate=2\n");
    g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
}

static void
test_what_cannot_be_read_is_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *huge = g_strnfill(5000, 'x');
    (void)data;

    g_auto(GStrv) lines = vt_state_folder_read_tail(fixture->folder, "journal.jsonl", 10);
    g_assert_cmpuint(g_strv_length(lines), ==, 0);
    g_assert_null(vt_state_folder_read(fixture->folder, "state"));

    write_file(fixture, "state", huge);
    g_assert_null(vt_state_folder_read(fixture->folder, "state"));
}

static void
test_tail_of_a_long_journal_begins_with_a_whole_line(Fixture *fixture, gconstpointer data)
{
    g_autofree char *long_line = g_strnfill(300 * 1024, 'x');
    g_autofree char *text = g_strconcat(long_line, "\nwhole\n", NULL);
    (void)data;
    write_file(fixture, "journal.jsonl", text);

    g_auto(GStrv) lines = vt_state_folder_read_tail(fixture->folder, "journal.jsonl", 10);

    g_assert_cmpuint(g_strv_length(lines), ==, 1);
    g_assert_cmpstr(lines[0], ==, "whole");
}

static void
test_an_unwritable_folder_is_told_once(Fixture *fixture, gconstpointer data)
{
    g_autofree char *middle = g_path_get_dirname(fixture->path);
    (void)data;
    /* Where the folder is to be there is a file: nobody can write there, root neither. */
    g_assert_cmpint(g_mkdir_with_parents(middle, 0750), ==, 0);
    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));

    vt_state_folder_append(fixture->folder, "journal.jsonl", "one");
    wait_for_problem(fixture, 1);
    vt_state_folder_append(fixture->folder, "journal.jsonl", "two");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
    while (g_main_context_iteration(NULL, FALSE)) {
    }

    g_assert_cmpuint(fixture->n_problems, ==, 1);
    g_assert_nonnull(strstr(fixture->problem, fixture->path));
    g_assert_cmpuint(vt_state_folder_get_n_lost(fixture->folder), ==, 2);
}

static void
test_it_writes_again_when_it_can(Fixture *fixture, gconstpointer data)
{
    g_autofree char *middle = g_path_get_dirname(fixture->path);
    (void)data;
    g_assert_cmpint(g_mkdir_with_parents(middle, 0750), ==, 0);
    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    vt_state_folder_append(fixture->folder, "journal.jsonl", "one");
    wait_for_problem(fixture, 1);

    g_assert_cmpint(g_remove(fixture->path), ==, 0);
    vt_state_folder_append(fixture->folder, "journal.jsonl", "two");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    assert_file(fixture, "journal.jsonl", "two\n");
}

/* A pipe that nobody reads holds its writer up as a frozen file system does. */
static char *
freeze(Fixture *fixture)
{
    char *path = in_folder(fixture, "state.new");
    g_assert_cmpint(g_mkdir_with_parents(fixture->path, 0750), ==, 0);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    return path;
}

/* Reads what comes, so that the writer gets to its end. */
static void
thaw(const char *path)
{
    g_auto(VtFd) fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[64];
    while (read(fd, text, sizeof text) > 0) {
    }
}

static void
test_a_hanging_file_system_holds_nobody_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = freeze(fixture);
    (void)data;
    vt_state_folder_replace(fixture->folder, "state", "rate=1\n");

    for (int i = 0; i < 100; i++)
        vt_state_folder_append(fixture->folder, "journal.jsonl", "one");

    g_assert_false(vt_state_folder_flush(fixture->folder, 1));
    g_assert_cmpuint(vt_state_folder_get_n_lost(fixture->folder), >=, 100 - 64);
    g_assert_cmpuint(vt_state_folder_get_n_lost(fixture->folder), <=, 100 - 63);

    thaw(path);
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
    g_auto(GStrv) lines = vt_state_folder_read_tail(fixture->folder, "journal.jsonl", 1000);
    g_assert_cmpuint(g_strv_length(lines), >=, 63);
}

static void
test_small_files_that_wait_become_one(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = freeze(fixture);
    (void)data;
    vt_state_folder_replace(fixture->folder, "state", "rate=1\n");

    for (int i = 0; i < 100; i++)
        vt_state_folder_replace(fixture->folder, "other", "off\n");
    vt_state_folder_replace(fixture->folder, "other", "on\n");
    thaw(path);

    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));
    assert_file(fixture, "other", "on\n");
}

static void
test_its_thread_ends_with_its_work(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_state_folder_append(fixture->folder, "journal.jsonl", "one");
    g_assert_true(vt_state_folder_flush(fixture->folder, TIMEOUT_MS));

    gint64 until = g_get_monotonic_time() + (gint64)TIMEOUT_MS * 1000;
    while (count_threads(getpid()) > 1 && g_get_monotonic_time() < until)
        g_usleep(1000);
    g_assert_cmpuint(count_threads(getpid()), ==, 1);
}

/* Its last word comes to nobody, and its problem is nobody's. */
static void
test_a_folder_may_go_before_its_worker(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = freeze(fixture);
    (void)data;
    VtStateFolder *other = vt_state_folder_new(fixture->path, on_problem, fixture);
    vt_state_folder_replace(other, "state", "rate=1\n");
    vt_state_folder_free(other);
    thaw(path);

    gint64 until = g_get_monotonic_time() + (gint64)TIMEOUT_MS * 1000;
    while (count_threads(getpid()) > 1 && g_get_monotonic_time() < until)
        g_usleep(1000);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpuint(fixture->n_problems, ==, 0);
}

#define add(path, function) \
    g_test_add("/os/state-folder/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("lines-are-kept-in-order", test_lines_are_kept_in_order);
    add("others-cannot-read-the-folder", test_others_cannot_read_the_folder);
    add("a-full-journal-is-kept-as-one-old-file", test_a_full_journal_is_kept_as_one_old_file);
    add("a-line-cut-by-a-crash-spoils-no-other", test_a_line_cut_by_a_crash_spoils_no_other);
    add("a-small-file-is-replaced", test_a_small_file_is_replaced);
    add("what-cannot-be-read-is-nothing", test_what_cannot_be_read_is_nothing);
    add("tail-of-a-long-journal-begins-with-a-whole-line",
        test_tail_of_a_long_journal_begins_with_a_whole_line);
    add("an-unwritable-folder-is-told-once", test_an_unwritable_folder_is_told_once);
    add("it-writes-again-when-it-can", test_it_writes_again_when_it_can);
    add("a-hanging-file-system-holds-nobody-up", test_a_hanging_file_system_holds_nobody_up);
    add("small-files-that-wait-become-one", test_small_files_that_wait_become_one);
    add("its-thread-ends-with-its-work", test_its_thread_ends_with_its_work);
    add("a-folder-may-go-before-its-worker", test_a_folder_may_go_before_its_worker);
    return g_test_run();
}
