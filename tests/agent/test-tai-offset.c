/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "agent/tai-offset.h"
#include "tests/agent/fake-vmclock.h"
#include "tests/os/fake-kernel.h"

/* 2026-11-27; and a list that is valid until a month later. */
#define NOW_SEC   INT64_C(1795737600)
#define LIST_TEXT "#@\t4007404800\n3644697600\t36\n3692217600\t37\n"

/* In the page's bytes. */
#define FLAGS_AT      0x18
#define TAI_OFFSET_AT 0x24

typedef struct {
    FakeKernel kernel;
    FakeVmclock page;
    VtClock *clock;
    VtVmclock *vmclock;
    char *list_path;
    VtTaiOffset *tai;
} Fixture;

static void
write_list(Fixture *fixture, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(fixture->list_path, text, -1, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_autoptr(GError) error = NULL;
    fake_kernel_init(&fixture->kernel, (VtWall){ .ns = NOW_SEC * VT_NS_PER_SEC });
    fake_vmclock_init(&fixture->page, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    int fd = g_file_open_tmp("leap-list-XXXXXX", &fixture->list_path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    write_list(fixture, LIST_TEXT);
    VtTaiOffsetParams params = {
        .list_path = fixture->list_path,
        .vmclock = &fixture->vmclock,
        .clock = fixture->clock,
    };
    fixture->tai = vt_tai_offset_new(&params);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_tai_offset_free(fixture->tai);
    vt_vmclock_free(fixture->vmclock);
    fake_vmclock_clear(&fixture->page);
    vt_clock_free(fixture->clock);
    g_unlink(fixture->list_path);
    g_free(fixture->list_path);
}

/* The device shows up. */
static void
find_vmclock(Fixture *fixture, int to_add_to_tai_sec, uint64_t flags)
{
    g_autoptr(GError) error = NULL;
    VtVmclockPlaces places = fake_vmclock_get_places(&fixture->page);
    fake_vmclock_set(&fixture->page, FLAGS_AT, 8, flags);
    fake_vmclock_set(&fixture->page, TAI_OFFSET_AT, 2, (uint16_t)to_add_to_tai_sec);
    fixture->vmclock = vt_vmclock_new(&places, "/dev/vmclock0", &error);
    g_assert_no_error(error);
}

static void
pass_hour(Fixture *fixture)
{
    fake_kernel_pass(&fixture->kernel, 3601 * VT_NS_PER_SEC);
}

static void
test_list_is_told(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_test_expect_message("virt-time-agent", G_LOG_LEVEL_MESSAGE, "*TAI is 37 s ahead*");

    vt_tai_offset_keep(fixture->tai);

    g_test_assert_expected_messages();
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 37);
}

static void
test_old_list_is_not_believed(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->kernel.tai_offset_sec = 36;
    write_list(fixture, "#@\t3991593600\n3692217600\t37\n");

    vt_tai_offset_keep(fixture->tai);

    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 36);
}

static void
test_missing_list_is_no_harm(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_unlink(fixture->list_path);
    vt_tai_offset_keep(fixture->tai);
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 0);

    write_list(fixture, LIST_TEXT);
    vt_tai_offset_keep(fixture->tai);
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 0);

    pass_hour(fixture);
    g_test_expect_message("virt-time-agent", G_LOG_LEVEL_MESSAGE, "*TAI is 37 s ahead*");
    vt_tai_offset_keep(fixture->tai);
    g_test_assert_expected_messages();
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 37);
}

static void
test_vmclock_comes_first(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    find_vmclock(fixture, -38, VT_VMCLOCK_TAI_OFFSET_VALID);
    g_test_expect_message("virt-time-agent", G_LOG_LEVEL_MESSAGE, "*TAI is 38 s*vmclock*");

    vt_tai_offset_keep(fixture->tai);

    g_test_assert_expected_messages();
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 38);
}

static void
test_vmclock_that_does_not_tell_leaves_it_to_the_list(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    find_vmclock(fixture, -38, 0);
    g_test_expect_message("virt-time-agent", G_LOG_LEVEL_MESSAGE, "*TAI is 37 s*");

    vt_tai_offset_keep(fixture->tai);

    g_test_assert_expected_messages();
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 37);
}

static void
test_refusal_is_told_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->kernel.may_set = false;
    g_test_expect_message("virt-time-agent", G_LOG_LEVEL_WARNING, "*TAI*");

    vt_tai_offset_keep(fixture->tai);
    pass_hour(fixture);
    vt_tai_offset_keep(fixture->tai);

    g_test_assert_expected_messages();
    g_assert_cmpint(fixture->kernel.tai_offset_sec, ==, 0);
}

static void
add(const char *path, void (*func)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, func, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/agent/tai-offset/list-is-told", test_list_is_told);
    add("/agent/tai-offset/old-list-is-not-believed", test_old_list_is_not_believed);
    add("/agent/tai-offset/missing-list-is-no-harm", test_missing_list_is_no_harm);
    add("/agent/tai-offset/vmclock-comes-first", test_vmclock_comes_first);
    add("/agent/tai-offset/vmclock-that-does-not-tell-leaves-it-to-the-list",
        test_vmclock_that_does_not_tell_leaves_it_to_the_list);
    add("/agent/tai-offset/refusal-is-told-once", test_refusal_is_told_once);
    return g_test_run();
}
