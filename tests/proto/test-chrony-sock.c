/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/time.h>

#include <glib.h>

#include "proto/chrony-sock.h"

/* As chrony's documentation has it. */
typedef struct {
    struct timeval tv;
    double offset;
    int pulse;
    int leap;
    int padding;
    int magic;
} Sample;

static void
test_sample_is_as_chronyd_reads_it(void)
{
    uint8_t bytes[VT_CHRONY_SAMPLE_BYTES];
    Sample sample;
    G_STATIC_ASSERT(sizeof sample == VT_CHRONY_SAMPLE_BYTES);

    vt_chrony_sample_encode(
        (VtWall){ .ns = INT64_C(1700000000) * VT_NS_PER_SEC + INT64_C(123456789) },
        -250 * VT_NS_PER_MS, VT_CHRONY_LEAP_INSERT, bytes);

    memcpy(&sample, bytes, sizeof sample);
    g_assert_cmpint(sample.tv.tv_sec, ==, 1700000000);
    g_assert_cmpint(sample.tv.tv_usec, ==, 123456);
    g_assert_cmpfloat(sample.offset, ==, -0.25);
    g_assert_cmpint(sample.pulse, ==, 0);
    g_assert_cmpint(sample.leap, ==, 1);
    g_assert_cmpint(sample.padding, ==, 0);
    g_assert_cmphex((guint)sample.magic, ==, 0x534f434b);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/chrony-sock/sample-is-as-chronyd-reads-it",
                    test_sample_is_as_chronyd_reads_it);
    return g_test_run();
}
