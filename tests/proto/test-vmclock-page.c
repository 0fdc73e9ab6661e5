/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "proto/vmclock-page.h"

#define ALL_VALID                                                     \
    (VT_VMCLOCK_TAI_OFFSET_VALID | VT_VMCLOCK_PERIOD_MAXERROR_VALID | \
     VT_VMCLOCK_TIME_MAXERROR_VALID | VT_VMCLOCK_GENERATION_PRESENT)

static void
put(uint8_t *bytes, size_t offset, size_t n_bytes, uint64_t value)
{
    for (size_t i = 0; i < n_bytes; i++)
        bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

/* Every field has a value that no other has. */
static void
fill(uint8_t bytes[VT_VMCLOCK_PAGE_BYTES])
{
    memset(bytes, 0, VT_VMCLOCK_PAGE_BYTES);
    memcpy(bytes, "VCLK", 4);
    put(bytes, 0x04, 4, 0x1000);
    put(bytes, 0x08, 2, 1);
    put(bytes, 0x0a, 1, VT_VMCLOCK_COUNTER_X86_TSC);
    put(bytes, 0x0b, 1, VT_VMCLOCK_TIME_TAI);
    put(bytes, 0x0c, 4, 42);
    put(bytes, 0x10, 8, UINT64_C(0x1122334455667788));
    put(bytes, 0x18, 8, ALL_VALID);
    put(bytes, 0x22, 1, VT_VMCLOCK_STATUS_SYNCHRONIZED);
    put(bytes, 0x23, 1, 2);
    put(bytes, 0x24, 2, (uint16_t)-37);
    put(bytes, 0x26, 1, 1);
    put(bytes, 0x27, 1, 5);
    put(bytes, 0x28, 8, 1000);
    put(bytes, 0x30, 8, 2000);
    put(bytes, 0x38, 8, 3000);
    put(bytes, 0x40, 8, 4000);
    put(bytes, 0x48, 8, UINT64_C(1900000037));
    put(bytes, 0x50, 8, UINT64_C(1) << 63);
    put(bytes, 0x58, 8, 5000);
    put(bytes, 0x60, 8, 6000);
    put(bytes, 0x68, 8, 7000);
}

static void
test_every_field_is_decoded(void)
{
    uint8_t bytes[VT_VMCLOCK_PAGE_BYTES];
    VtVmclockPage page;
    fill(bytes);

    g_assert_cmpint(vt_vmclock_page_decode(bytes, sizeof bytes, &page), ==, VT_VMCLOCK_OK);

    g_assert_cmpuint(page.counter_id, ==, VT_VMCLOCK_COUNTER_X86_TSC);
    g_assert_cmpuint(page.time_type, ==, VT_VMCLOCK_TIME_TAI);
    g_assert_cmpuint(page.sequence, ==, 42);
    g_assert_cmpuint(page.disruption_marker, ==, UINT64_C(0x1122334455667788));
    g_assert_cmpuint(page.flags, ==, ALL_VALID);
    g_assert_cmpuint(page.clock_status, ==, VT_VMCLOCK_STATUS_SYNCHRONIZED);
    g_assert_cmpuint(page.smearing_hint, ==, 2);
    g_assert_cmpint(page.tai_offset_sec, ==, -37);
    g_assert_cmpuint(page.leap_indicator, ==, 1);
    g_assert_cmpuint(page.period_shift, ==, 5);
    g_assert_cmpuint(page.counter_value, ==, 1000);
    g_assert_cmpuint(page.period_frac_sec, ==, 2000);
    g_assert_cmpuint(page.period_maxerror_frac_sec, ==, 4000);
    g_assert_cmpuint(page.time_sec, ==, 1900000037);
    g_assert_cmpuint(page.time_frac_sec, ==, UINT64_C(1) << 63);
    g_assert_cmpuint(page.time_maxerror_ns, ==, 6000);
    g_assert_cmpuint(page.generation, ==, 7000);
}

static void
test_what_is_no_page_is_refused(void)
{
    static const struct {
        size_t offset;
        uint8_t value;
        size_t n_bytes;
        VtVmclockCheck check;
    } cases[] = {
        { 0x00, 'X', VT_VMCLOCK_PAGE_BYTES, VT_VMCLOCK_FOREIGN },
        { 0x08, 2, VT_VMCLOCK_PAGE_BYTES, VT_VMCLOCK_FOREIGN },
        { 0x0c, 43, VT_VMCLOCK_PAGE_BYTES, VT_VMCLOCK_TORN },
        { 0x05, 0, VT_VMCLOCK_PAGE_BYTES, VT_VMCLOCK_SHORT }, /* size 0 */
        { 0x00, 'V', 0x1f, VT_VMCLOCK_SHORT },
        { 0x00, 'V', 0, VT_VMCLOCK_SHORT },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t bytes[VT_VMCLOCK_PAGE_BYTES];
        VtVmclockPage page;
        fill(bytes);
        bytes[cases[i].offset] = cases[i].value;
        g_assert_cmpint(vt_vmclock_page_decode(bytes, cases[i].n_bytes, &page), ==,
                        cases[i].check);
    }
}

static void
test_fields_beyond_the_size_do_not_count(void)
{
    uint8_t bytes[VT_VMCLOCK_PAGE_BYTES];
    VtVmclockPage page;
    VtVmclockTime time;
    fill(bytes);

    put(bytes, 0x04, 4, 0x68);
    g_assert_cmpint(vt_vmclock_page_decode(bytes, sizeof bytes, &page), ==, VT_VMCLOCK_OK);
    g_assert_cmpuint(page.flags & VT_VMCLOCK_GENERATION_PRESENT, ==, 0);
    g_assert_cmpuint(page.generation, ==, 0);
    g_assert_cmpuint(page.time_sec, ==, 1900000037);

    put(bytes, 0x04, 4, 0x20);
    g_assert_cmpint(vt_vmclock_page_decode(bytes, sizeof bytes, &page), ==, VT_VMCLOCK_OK);
    g_assert_cmpuint(page.disruption_marker, ==, UINT64_C(0x1122334455667788));
    g_assert_cmpint(vt_vmclock_page_get_time(&page, VT_VMCLOCK_COUNTER_X86_TSC, 1000, &time),
                    ==, VT_VMCLOCK_TIME_ABSENT);
}

/* A counter of 2^30 Hz: a tick is 2^34 of the unit. */
static VtVmclockPage
make_page(void)
{
    return (VtVmclockPage){
        .counter_id = VT_VMCLOCK_COUNTER_X86_TSC,
        .time_type = VT_VMCLOCK_TIME_UTC,
        .flags = ALL_VALID,
        .clock_status = VT_VMCLOCK_STATUS_SYNCHRONIZED,
        .tai_offset_sec = -37,
        .counter_value = UINT64_C(1) << 40,
        .period_frac_sec = UINT64_C(1) << 34,
        .period_maxerror_frac_sec = UINT64_C(1) << 14, /* a millionth of a tick */
        .time_sec = 1900000000,
        .time_frac_sec = UINT64_C(3) << 62, /* 0.75 s */
        .time_maxerror_ns = 20000,
    };
}

static VtVmclockTimeCheck
get_time(const VtVmclockPage *page, int64_t ticks_later, VtVmclockTime *ret_time)
{
    return vt_vmclock_page_get_time(page, VT_VMCLOCK_COUNTER_X86_TSC,
                                    page->counter_value + (uint64_t)ticks_later, ret_time);
}

static void
test_counter_becomes_time_and_bound(void)
{
    VtVmclockPage page = make_page();
    VtVmclockTime time;

    g_assert_cmpint(get_time(&page, 3 << 29, &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_cmpint(time.at.ns, ==, INT64_C(1900000002250000000));
    g_assert_true(time.has_error);
    /* 20 us and 1.5 s of 2^-20. */
    g_assert_cmpint(time.error_ns, ==, 20000 + 1430 + 1);
    g_assert_true(time.is_synchronised);

    /* A processor whose counter lags by half a second. */
    g_assert_cmpint(get_time(&page, -(1 << 29), &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_cmpint(time.at.ns, ==, INT64_C(1900000000250000000));

    page.period_shift = 4;
    page.period_frac_sec <<= 4;
    page.period_maxerror_frac_sec <<= 4;
    g_assert_cmpint(get_time(&page, 3 << 29, &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_cmpint(time.at.ns, ==, INT64_C(1900000002250000000));
    g_assert_cmpint(time.error_ns, ==, 20000 + 1430 + 1);
}

static void
test_counter_near_its_end_goes_on(void)
{
    VtVmclockPage page = make_page();
    VtVmclockTime time;
    page.counter_value = UINT64_MAX - 100;

    g_assert_cmpint(get_time(&page, 1 << 30, &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_cmpint(time.at.ns, ==, INT64_C(1900000001750000000));
}

static void
test_tai_becomes_utc_and_its_sign_is_checked(void)
{
    VtVmclockPage page = make_page();
    VtVmclockTime time;
    page.time_type = VT_VMCLOCK_TIME_TAI;
    g_assert_cmpint(get_time(&page, 0, &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_cmpint(time.at.ns, ==, INT64_C(1899999963750000000));

    page.tai_offset_sec = 37;
    g_assert_cmpint(get_time(&page, 0, &time), ==, VT_VMCLOCK_TIME_NO_UTC);
    page.tai_offset_sec = -37;
    page.flags &= ~VT_VMCLOCK_TAI_OFFSET_VALID;
    g_assert_cmpint(get_time(&page, 0, &time), ==, VT_VMCLOCK_TIME_NO_UTC);
    page.time_type = VT_VMCLOCK_TIME_MONOTONIC;
    g_assert_cmpint(get_time(&page, 0, &time), ==, VT_VMCLOCK_TIME_NO_UTC);
}

static void
test_status_decides_whether_it_is_believed(void)
{
    static const struct {
        uint8_t status;
        VtVmclockTimeCheck check;
    } cases[] = {
        { VT_VMCLOCK_STATUS_UNKNOWN, VT_VMCLOCK_TIME_UNRELIABLE },
        { VT_VMCLOCK_STATUS_INITIALIZING, VT_VMCLOCK_TIME_UNRELIABLE },
        { VT_VMCLOCK_STATUS_SYNCHRONIZED, VT_VMCLOCK_TIME_OK },
        { VT_VMCLOCK_STATUS_FREERUNNING, VT_VMCLOCK_TIME_OK },
        { VT_VMCLOCK_STATUS_UNRELIABLE, VT_VMCLOCK_TIME_UNRELIABLE },
        { 200, VT_VMCLOCK_TIME_UNRELIABLE },
    };
    VtVmclockTime time;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtVmclockPage page = make_page();
        page.clock_status = cases[i].status;
        g_assert_cmpint(get_time(&page, 0, &time), ==, cases[i].check);
    }

    /* Free running and nobody says how far it may have run: no clock to be synchronised to. */
    VtVmclockPage page = make_page();
    page.clock_status = VT_VMCLOCK_STATUS_FREERUNNING;
    page.flags &= ~VT_VMCLOCK_PERIOD_MAXERROR_VALID;
    g_assert_cmpint(get_time(&page, 0, &time), ==, VT_VMCLOCK_TIME_OK);
    g_assert_false(time.has_error);
    g_assert_false(time.is_synchronised);
}

static void
test_leap_indicator_is_told(void)
{
    static const struct {
        uint8_t indicator;
        VtVmclockTimeCheck check;
        uint8_t leap;
    } cases[] = {
        { 0, VT_VMCLOCK_TIME_OK, 0 }, { 1, VT_VMCLOCK_TIME_OK, 1 },
        { 2, VT_VMCLOCK_TIME_OK, 2 }, { 3, VT_VMCLOCK_TIME_IN_LEAP, 0 },
        { 4, VT_VMCLOCK_TIME_OK, 0 }, { 5, VT_VMCLOCK_TIME_OK, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtVmclockPage page = make_page();
        VtVmclockTime time = { 0 };
        page.leap_indicator = cases[i].indicator;
        g_assert_cmpint(get_time(&page, 0, &time), ==, cases[i].check);
        g_assert_cmpuint(time.leap, ==, cases[i].leap);
    }
}

static void
test_other_processors_counter_is_no_time(void)
{
    VtVmclockPage page = make_page();
    VtVmclockTime time;
    g_assert_cmpint(vt_vmclock_page_get_time(&page, VT_VMCLOCK_COUNTER_ARM_VIRTUAL, 0, &time),
                    ==, VT_VMCLOCK_TIME_ABSENT);
    page.counter_id = VT_VMCLOCK_COUNTER_NONE;
    g_assert_cmpint(vt_vmclock_page_get_time(&page, VT_VMCLOCK_COUNTER_NONE, 0, &time), ==,
                    VT_VMCLOCK_TIME_ABSENT);
}

static void
test_nothing_overflows(void)
{
    VtVmclockTime time;
    for (int i = 0; i < 100000; i++) {
        VtVmclockPage page = make_page();
        page.counter_value = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        page.period_frac_sec = (uint64_t)g_test_rand_int() << g_test_rand_int_range(0, 33);
        page.period_maxerror_frac_sec = page.counter_value;
        page.period_shift = (uint8_t)g_test_rand_int_range(0, 256);
        page.time_sec >>= g_test_rand_int_range(0, 31);
        page.time_maxerror_ns = page.counter_value;
        uint64_t counter = (uint64_t)g_test_rand_int() << 32;
        if (vt_vmclock_page_get_time(&page, VT_VMCLOCK_COUNTER_X86_TSC, counter, &time) !=
            VT_VMCLOCK_TIME_OK)
            continue;
        g_assert_cmpint(time.at.ns, >=, 0);
        g_assert_cmpint(time.error_ns, >=, 0);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/vmclock-page/every-field-is-decoded", test_every_field_is_decoded);
    g_test_add_func("/proto/vmclock-page/what-is-no-page-is-refused",
                    test_what_is_no_page_is_refused);
    g_test_add_func("/proto/vmclock-page/fields-beyond-the-size-do-not-count",
                    test_fields_beyond_the_size_do_not_count);
    g_test_add_func("/proto/vmclock-page/counter-becomes-time-and-bound",
                    test_counter_becomes_time_and_bound);
    g_test_add_func("/proto/vmclock-page/counter-near-its-end-goes-on",
                    test_counter_near_its_end_goes_on);
    g_test_add_func("/proto/vmclock-page/tai-becomes-utc-and-its-sign-is-checked",
                    test_tai_becomes_utc_and_its_sign_is_checked);
    g_test_add_func("/proto/vmclock-page/status-decides-whether-it-is-believed",
                    test_status_decides_whether_it_is_believed);
    g_test_add_func("/proto/vmclock-page/leap-indicator-is-told", test_leap_indicator_is_told);
    g_test_add_func("/proto/vmclock-page/other-processors-counter-is-no-time",
                    test_other_processors_counter_is_no_time);
    g_test_add_func("/proto/vmclock-page/nothing-overflows", test_nothing_overflows);
    return g_test_run();
}
