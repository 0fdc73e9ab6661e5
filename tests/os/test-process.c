/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "os/process.h"

#define SMALL_LIMIT_BYTES 65536
#define LARGE_BYTES       (64 * 1024 * 1024)

/* The address sanitizer makes mlockall do nothing. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef HAS_ADDRESS_SANITIZER
#define HAS_ADDRESS_SANITIZER 0
#endif

static long
read_locked_kib(void)
{
    g_autofree char *status = NULL;
    g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    const char *line = strstr(status, "VmLck:");
    g_assert_nonnull(line);
    return strtol(line + strlen("VmLck:"), NULL, 10);
}

/* An ordinary user's program, as it is started by hand. */
static void
become_ordinary(void)
{
    struct rlimit limit = { .rlim_cur = SMALL_LIMIT_BYTES, .rlim_max = SMALL_LIMIT_BYTES };
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

    g_assert_cmpint(setrlimit(RLIMIT_MEMLOCK, &limit), ==, 0);
    g_assert_cmpint(syscall(SYS_capset, &header, none), ==, 0);
}

static void
check_limited(void)
{
    g_autoptr(GError) error = NULL;
    become_ordinary();

    g_assert_false(vt_process_lock_memory(&error));
    g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_cmpint(read_locked_kib(), ==, 0);
    /* And what comes later is to be had. */
    void *later =
        mmap(NULL, LARGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(later != MAP_FAILED);
}

static void
test_limit_is_no_half_lock(void)
{
    if (g_test_subprocess()) {
        check_limited();
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

static void
check_lock(void)
{
    g_autoptr(GError) error = NULL;

    if (!vt_process_lock_memory(&error)) {
        g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
        g_assert_cmpint(read_locked_kib(), ==, 0);
        return;
    }
    long before_kib = read_locked_kib();
    g_assert_cmpint(before_kib, >, 0);
    /* What is mapped later is locked as it is touched. */
    void *later =
        mmap(NULL, LARGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(later != MAP_FAILED);
    g_assert_cmpint(read_locked_kib(), >=, before_kib + LARGE_BYTES / 1024);
}

static void
test_lock_holds_for_later_memory(void)
{
    if (g_test_subprocess()) {
        check_lock();
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/process/limit-is-no-half-lock", test_limit_is_no_half_lock);
    if (!HAS_ADDRESS_SANITIZER)
        g_test_add_func("/os/process/lock-holds-for-later-memory",
                        test_lock_holds_for_later_memory);
    return g_test_run();
}
