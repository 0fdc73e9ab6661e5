/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-letter-box.h"

static unsigned n_freed;

static void
free_and_count(void *letter)
{
    n_freed++;
    g_free(letter);
}

static void
set_up(VtNtpLetterBox *box, gconstpointer data)
{
    (void)data; /* no parameters */
    n_freed = 0;
    vt_ntp_letter_box_init(box, g_strdup("first"), free_and_count);
}

static void
tear_down(VtNtpLetterBox *box, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_letter_box_clear(box);
}

static void
test_newest_is_taken_and_kept(VtNtpLetterBox *box, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_cmpstr(vt_ntp_letter_box_take(box), ==, "first");
    vt_ntp_letter_box_post(box, g_strdup("second"));
    g_assert_cmpstr(vt_ntp_letter_box_take(box), ==, "second");
    g_assert_cmpstr(vt_ntp_letter_box_take(box), ==, "second");
    g_assert_cmpuint(n_freed, ==, 1);
}

static void
test_one_that_nobody_took_is_out_of_date(VtNtpLetterBox *box, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_letter_box_post(box, g_strdup("second"));
    vt_ntp_letter_box_post(box, g_strdup("third"));
    g_assert_cmpuint(n_freed, ==, 1);
    g_assert_cmpstr(vt_ntp_letter_box_take(box), ==, "third");
    g_assert_cmpuint(n_freed, ==, 2);
}

static void
test_all_are_freed(VtNtpLetterBox *box, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_letter_box_post(box, g_strdup("second"));
    vt_ntp_letter_box_clear(box);
    g_assert_cmpuint(n_freed, ==, 2);
}

#define add(path, function) \
    g_test_add("/hostd/ntp-letter-box/" path, VtNtpLetterBox, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("newest-is-taken-and-kept", test_newest_is_taken_and_kept);
    add("one-that-nobody-took-is-out-of-date", test_one_that_nobody_took_is_out_of_date);
    add("all-are-freed", test_all_are_freed);
    return g_test_run();
}
