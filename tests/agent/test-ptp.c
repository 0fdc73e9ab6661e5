/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PTP clocks: the device, and the provider that makes readings of it. */
#include <errno.h>

#include "agent/devices/ptp-kind.h"
#include "agent/providers/ptp.h"
#include "base/error.h"
#include "core/sample.h"
#include "os/ptp.h"
#include "tests/os/fake-ptp.h"

/* What an odd number of nanoseconds in a bracket rounds to. */
#define ROUNDING_NS 2

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    UMockdevTestbed *testbed;
    FakeKernel kernel;
    FakePtp fake;
    VtPtp *ptp;
    VtClock *clock;
    VtQuality quality;
    VtProvider provider;
    unsigned n_readings;
    bool has_reading;
    VtReading reading;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->testbed = umockdev_testbed_new();
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = 100;
    fake_ptp_init(&fixture->fake, fixture->testbed, &fixture->kernel, "ptp0",
                  "KVM virtual PTP");
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->quality = (VtQuality){ .root_dispersion_ns = 7000, .is_synchronised = true };
}

static void
set_up_device(Fixture *fixture, gconstpointer data)
{
    set_up(fixture, data);
    fixture->ptp = vt_ptp_open("/dev/ptp0", NULL);
    g_assert_nonnull(fixture->ptp);
}

static void
on_reading(const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_readings += 1;
    fixture->has_reading = reading != NULL;
    if (reading != NULL)
        fixture->reading = *reading;
}

static void
make_provider(Fixture *fixture, VtScale scale)
{
    VtProviderPtpParams params = {
        .path = "/dev/ptp0",
        .scale = scale,
        .quality = &fixture->quality,
    };
    fixture->provider = vt_provider_ptp_new(&params, fixture->clock, on_reading, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_provider_clear(&fixture->provider);
    vt_ptp_free(fixture->ptp);
    vt_clock_free(fixture->clock);
    fake_ptp_clear(&fixture->fake);
    g_object_unref(fixture->testbed);
}

/* One reading through the provider; false if there was none. */
static bool
read_once(Fixture *fixture)
{
    unsigned n_before = fixture->n_readings;
    if (!vt_provider_is_usable(&fixture->provider))
        return false;
    vt_provider_begin(&fixture->provider);
    g_assert_cmpuint(fixture->n_readings, ==, n_before);
    while (fixture->n_readings == n_before)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fixture->n_readings, ==, n_before + 1);
    return fixture->has_reading;
}

static void
test_kind_follows_from_the_drivers_name(void)
{
    static const struct {
        const char *clock_name;
        const char *kind;
        VtScale scale;
        bool is_hypervisor;
        bool is_usable;
    } cases[] = {
        { "KVM virtual PTP", "kvm", VT_SCALE_UTC, true, true },
        { "hyperv", "hyperv", VT_SCALE_UTC, true, true },
        { "ptp_vmw", "vmware", VT_SCALE_UTC, true, true },
        { "vmclock0", "vmclock", VT_SCALE_UTC, true, true },
        { "Virtio PTP type 0/variant 0", "virtio-rtc", VT_SCALE_UTC, true, true },
        { "Virtio PTP type 1/variant 0", "virtio-rtc", VT_SCALE_TAI, true, true },
        { "Virtio PTP type 2/variant 0", "virtio-rtc", VT_SCALE_NONE, true, false },
        { "Virtio PTP type 3/variant 1", "virtio-rtc", VT_SCALE_NONE, true, false },
        { "Virtio PTP type 3/variant 2", "virtio-rtc", VT_SCALE_NONE, true, false },
        { "Virtio PTP type 4/variant 0", "virtio-rtc", VT_SCALE_NONE, true, false },
        { "Virtio PTP type 9/variant 0", "virtio-rtc", VT_SCALE_NONE, true, false },
        { "ena-ptp-05", "card", VT_SCALE_NONE, false, true },
        { "mlx5_ptp", "card", VT_SCALE_NONE, false, true },
        { "", "card", VT_SCALE_NONE, false, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtPtpKind kind = vt_ptp_kind_find(cases[i].clock_name);
        g_assert_cmpstr(kind.name, ==, cases[i].kind);
        g_assert_cmpint(kind.scale, ==, cases[i].scale);
        g_assert_cmpint(kind.is_hypervisor, ==, cases[i].is_hypervisor);
        g_assert_cmpint(kind.problem == NULL, ==, cases[i].is_usable);
    }
}

static void
test_precise_is_preferred_and_remembered(Fixture *fixture, gconstpointer data)
{
    VtPtpShot shot;
    (void)data;
    for (int i = 0; i < 3; i++)
        g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));

    g_assert_cmpstr(vt_ptp_method_name(vt_ptp_get_method(fixture->ptp)), ==, "precise");
    g_assert_true(shot.has_raw);
    g_assert_cmpint(shot.device_at.ns, ==, fixture->kernel.wall.ns);
    g_assert_cmpuint(fixture->fake.n_precise, ==, 3);
    g_assert_cmpuint(fixture->fake.n_extended + fixture->fake.n_plain, ==, 0);
    g_assert_false(vt_ptp_is_hampered(fixture->ptp));
}

static void
test_next_best_way_is_found_and_remembered(Fixture *fixture, gconstpointer data)
{
    static const int errors[] = { EOPNOTSUPP, EINVAL, ENOTTY };
    VtPtpShot shot;
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        fixture->fake.precise_errno = errors[i];
        fixture->fake.n_precise = 0;
        vt_ptp_forget_method(fixture->ptp);
        g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
        g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
        g_assert_cmpint(vt_ptp_get_method(fixture->ptp), ==, VT_PTP_METHOD_EXTENDED);
        g_assert_cmpuint(fixture->fake.n_precise, ==, 1);
        g_assert_cmpint(vt_wall_diff(shot.after, shot.before), ==, 2 * VT_NS_PER_US);
    }

    fixture->fake.extended_errno = EOPNOTSUPP;
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    g_assert_cmpint(vt_ptp_get_method(fixture->ptp), ==, VT_PTP_METHOD_PLAIN);
    g_assert_cmpint(vt_wall_diff(shot.after, shot.before), ==, 2 * VT_NS_PER_US);
    g_assert_false(vt_ptp_is_hampered(fixture->ptp));
}

static void
test_foreign_clocksource_hampers_and_is_told(Fixture *fixture, gconstpointer data)
{
    VtPtpShot shot;
    (void)data;
    fixture->fake.precise_errno = ENODEV;
    fixture->fake.extended_errno = EOPNOTSUPP;
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    g_assert_cmpint(vt_ptp_get_method(fixture->ptp), ==, VT_PTP_METHOD_PLAIN);
    g_assert_true(vt_ptp_is_hampered(fixture->ptp));
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    g_assert_true(vt_ptp_is_hampered(fixture->ptp));

    /* Somebody switched the clocksource back. */
    fixture->fake.precise_errno = 0;
    vt_ptp_forget_method(fixture->ptp);
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    g_assert_cmpint(vt_ptp_get_method(fixture->ptp), ==, VT_PTP_METHOD_PRECISE);
    g_assert_false(vt_ptp_is_hampered(fixture->ptp));
}

static void
test_failures_tell_what_can_be_done(Fixture *fixture, gconstpointer data)
{
    static const struct {
        int error_number;
        VtError code;
    } cases[] = {
        { EBUSY, VT_ERROR_BUSY },       { ETIMEDOUT, VT_ERROR_BUSY },
        { ENODEV, VT_ERROR_NOT_FOUND }, { EOPNOTSUPP, VT_ERROR_UNSUPPORTED },
        { EIO, VT_ERROR_FAILED },
    };
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        VtPtpShot shot;
        fake_ptp_fail(&fixture->fake, cases[i].error_number);
        g_assert_false(vt_ptp_read(fixture->ptp, &shot, &error));
        g_assert_error(error, VT_ERROR, (int)cases[i].code);
        g_assert_nonnull(strstr(error->message, "/dev/ptp0"));
        fake_ptp_fail(&fixture->fake, 0);
        g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    }
}

static void
test_busy_device_keeps_its_method(Fixture *fixture, gconstpointer data)
{
    VtPtpShot shot;
    (void)data;
    fixture->fake.precise_errno = EOPNOTSUPP;
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));
    fixture->fake.extended_errno = EBUSY;
    g_assert_false(vt_ptp_read(fixture->ptp, &shot, NULL));

    g_assert_cmpint(vt_ptp_get_method(fixture->ptp), ==, VT_PTP_METHOD_EXTENDED);
    g_assert_cmpuint(fixture->fake.n_plain, ==, 0);
}

static void
test_interrupted_call_is_repeated_but_not_for_ever(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VtPtpShot shot;
    (void)data;
    fixture->fake.n_to_interrupt = 3;
    g_assert_true(vt_ptp_read(fixture->ptp, &shot, NULL));

    fixture->fake.n_to_interrupt = 1000;
    g_assert_false(vt_ptp_read(fixture->ptp, &shot, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_BUSY);
}

static void
test_garbage_is_no_time(Fixture *fixture, gconstpointer data)
{
    VtPtpShot shot;
    (void)data;
    fixture->fake.is_garbage = true;
    for (int i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(vt_ptp_read(fixture->ptp, &shot, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_FAILED);
        fixture->fake.precise_errno = EOPNOTSUPP;
        fixture->fake.extended_errno = i == 0 ? 0 : EOPNOTSUPP;
    }

    /* Years before the epoch. */
    fixture->fake.is_garbage = false;
    fake_ptp_fail(&fixture->fake, 0);
    fixture->fake.ahead_ns = -2 * true_wall.ns;
    g_assert_false(vt_ptp_read(fixture->ptp, &shot, NULL));
}

static void
test_missing_node_is_told(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(vt_ptp_open("/dev/ptp77", &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_NOT_FOUND);
}

static void
test_reading_has_sign_bound_and_quality(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    fixture->fake.ahead_ns = 3 * VT_NS_PER_SEC;
    fixture->fake.precise_errno = EOPNOTSUPP;
    g_assert_true(read_once(fixture));

    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    VtSample sample = vt_sample_from_reading(&fixture->reading);
    VtNs miss_ns = vt_ns_sub(sample.offset_ns, 3 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_ns_abs(miss_ns), <=, ROUNDING_NS);
    g_assert_cmpint(vt_ns_abs(miss_ns), <=, sample.error_ns);
    g_assert_cmpint(sample.error_ns, <, 10 * VT_NS_PER_US);
    g_assert_cmpint(sample.root_distance_ns, ==, 7000);
    g_assert_true(sample.reference_synchronised);

    /* As of the reading: what the host's clock is worth may change. */
    fixture->quality = (VtQuality){ .root_dispersion_ns = 9000 };
    g_assert_true(read_once(fixture));
    sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(sample.root_distance_ns, ==, 9000);
    g_assert_false(sample.reference_synchronised);
    g_assert_cmpint(vt_provider_describe(&fixture->provider).cost_ns, >, 0);
}

static void
test_precise_reading_is_of_one_instant(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    fixture->fake.ahead_ns = -VT_NS_PER_SEC;
    g_assert_true(read_once(fixture));

    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    g_assert_cmpint(sample.offset_ns, ==, -VT_NS_PER_SEC);
    g_assert_cmpint(sample.error_ns, <, VT_NS_PER_US);
}

/* Whoever answers in the kernel's place may know nothing of MONOTONIC_RAW. */
static void
test_precise_reading_does_without_raw(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    fixture->fake.ahead_ns = -VT_NS_PER_SEC;
    fixture->fake.lacks_raw = true;
    g_assert_true(read_once(fixture));

    VtSample sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns + VT_NS_PER_SEC), <=, sample.error_ns);
    g_assert_cmpint(sample.error_ns, <, VT_NS_PER_US);
    g_assert_cmpstr(vt_provider_describe(&fixture->provider).method, ==, "precise");
}

static void
test_tai_is_turned_into_utc_or_refused(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_TAI);
    fixture->fake.ahead_ns = 37 * VT_NS_PER_SEC;
    g_assert_false(read_once(fixture));
    g_assert_nonnull(strstr(vt_provider_describe(&fixture->provider).problem, "TAI"));

    fixture->kernel.tai_offset_sec = 37;
    g_assert_true(read_once(fixture));
    g_assert_cmpint(vt_sample_from_reading(&fixture->reading).offset_ns, ==, 0);
    g_assert_cmpstr(vt_provider_describe(&fixture->provider).problem, ==, "");
}

/* Set by 30 s the reading contradicts itself; set by 1 ms its bound grows by that. */
static void
test_set_in_the_middle_is_never_taken_for_an_offset(Fixture *fixture, gconstpointer data)
{
    static const VtNs sets_ns[] = { 30 * VT_NS_PER_SEC, -30 * VT_NS_PER_SEC, VT_NS_PER_MS,
                                    -VT_NS_PER_MS, 100 * VT_NS_PER_US };
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    fixture->fake.precise_errno = EOPNOTSUPP;
    for (size_t i = 0; i < G_N_ELEMENTS(sets_ns); i++) {
        fixture->fake.set_inside_ns = sets_ns[i];
        bool is_read = read_once(fixture);
        /* What the clock is off by now, the reading may miss by no more than it says. */
        VtNs passed_ns = vt_mono_diff(fixture->kernel.raw, fixture->fake.raw_at_start);
        VtNs truth_ns = vt_wall_diff(vt_wall_add(true_wall, passed_ns), fixture->kernel.wall);
        if (is_read && vt_reading_check(&fixture->reading) == VT_READING_OK) {
            VtSample sample = vt_sample_from_reading(&fixture->reading);
            VtNs raw_truth_ns = vt_ns_sub(vt_wall_diff(true_wall, (VtWall){ 0 }),
                                          fixture->fake.raw_at_start.ns);
            VtNs miss_ns = vt_ns_abs(vt_ns_sub(sample.raw_offset_ns, raw_truth_ns));
            g_assert_cmpint(miss_ns, <=, sample.error_ns);
            g_assert_cmpint(vt_ns_abs(sets_ns[i]), <, 2 * VT_NS_PER_SEC);
        }
        fake_kernel_set_by_other(&fixture->kernel, truth_ns);
    }
}

static void
test_device_that_went_away_is_opened_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    g_assert_true(read_once(fixture));
    fake_ptp_fail(&fixture->fake, ENODEV);
    g_assert_false(read_once(fixture));
    fake_ptp_fail(&fixture->fake, 0);

    unsigned n_tries = 0;
    while (!read_once(fixture))
        g_assert_cmpuint(++n_tries, <, 10);
    g_assert_cmpstr(vt_provider_describe(&fixture->provider).method, ==, "precise");
}

static void
test_reading_begun_again_comes_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture, VT_SCALE_UTC);
    g_assert_true(vt_provider_is_usable(&fixture->provider));
    vt_provider_begin(&fixture->provider);
    vt_provider_begin(&fixture->provider);
    while (g_main_context_iteration(NULL, FALSE))
        continue;

    g_assert_cmpuint(fixture->n_readings, ==, 1);
}

#define add_device(path, function) \
    g_test_add("/agent/ptp/" path, Fixture, NULL, set_up_device, function, tear_down)
#define add_provider(path, function) \
    g_test_add("/agent/ptp/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/ptp/kind-follows-from-the-drivers-name",
                    test_kind_follows_from_the_drivers_name);
    g_test_add_func("/agent/ptp/missing-node-is-told", test_missing_node_is_told);
    add_device("precise-is-preferred-and-remembered", test_precise_is_preferred_and_remembered);
    add_device("next-best-way-is-found-and-remembered",
               test_next_best_way_is_found_and_remembered);
    add_device("foreign-clocksource-hampers-and-is-told",
               test_foreign_clocksource_hampers_and_is_told);
    add_device("failures-tell-what-can-be-done", test_failures_tell_what_can_be_done);
    add_device("busy-device-keeps-its-method", test_busy_device_keeps_its_method);
    add_device("interrupted-call-is-repeated-but-not-for-ever",
               test_interrupted_call_is_repeated_but_not_for_ever);
    add_device("garbage-is-no-time", test_garbage_is_no_time);
    add_provider("reading-has-sign-bound-and-quality", test_reading_has_sign_bound_and_quality);
    add_provider("precise-reading-is-of-one-instant", test_precise_reading_is_of_one_instant);
    add_provider("precise-reading-does-without-raw", test_precise_reading_does_without_raw);
    add_provider("tai-is-turned-into-utc-or-refused", test_tai_is_turned_into_utc_or_refused);
    add_provider("set-in-the-middle-is-never-taken-for-an-offset",
                 test_set_in_the_middle_is_never_taken_for_an_offset);
    add_provider("device-that-went-away-is-opened-anew",
                 test_device_that_went_away_is_opened_anew);
    add_provider("reading-begun-again-comes-once", test_reading_begun_again_comes_once);
    return g_test_run();
}
