/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vmclock page: read beside its writer, as a clock, and as a sign of a disruption. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/hints/vmclock.h"
#include "agent/providers/vmclock.h"
#include "base/error.h"
#include "core/sample.h"
#include "tests/agent/fake-vmclock.h"

#define N_READS_BESIDE_A_WRITER 1000000

/* From the change of the page to the hint; the goal, and far more than a wake-up takes. */
#define MOST_NOTIFY_US 50000

/* The fake's period is a rounded number: 10^-12 of a second. */
#define ROUNDING_NS 20

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeVmclock fake;
    VtVmclockPlaces places;
    VtVmclock *vmclock;
    VtClock *clock;
    VtQuality quality;
    VtProvider provider;
    unsigned n_readings;
    bool has_reading;
    VtReading reading;
    VtHintSource hint_source;
    unsigned n_hints;
    VtHint hint;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = 100;
    fake_vmclock_init(&fixture->fake, &fixture->kernel);
    fixture->places = fake_vmclock_get_places(&fixture->fake);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->quality = (VtQuality){ .root_dispersion_ns = 7000, .is_synchronised = true };
}

static void
open_page(Fixture *fixture)
{
    fixture->vmclock = vt_vmclock_new(&fixture->places, "/dev/vmclock0", NULL);
    g_assert_nonnull(fixture->vmclock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_hint_source_clear(&fixture->hint_source);
    vt_provider_clear(&fixture->provider);
    vt_vmclock_free(fixture->vmclock);
    vt_clock_free(fixture->clock);
    fake_vmclock_clear(&fixture->fake);
}

/* Another thread plays the hypervisor; every word of a page that is whole says the same. */
typedef struct {
    uint64_t *words;
    bool *is_done;
} Writer;

static void
write_once(uint64_t *words, uint32_t *sequence, uint64_t number)
{
    __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&words[2], number, __ATOMIC_RELAXED); /* marker */
    for (size_t i = 5; i < VT_VMCLOCK_PAGE_BYTES / sizeof *words; i++)
        __atomic_store_n(&words[i], number, __ATOMIC_RELAXED);
    __atomic_store_n(sequence, __atomic_load_n(sequence, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELEASE);
}

static gpointer
write_all_the_while(gpointer user_data)
{
    const Writer *writer = user_data;
    uint32_t *sequence = (uint32_t *)((uint8_t *)writer->words + VT_VMCLOCK_SEQUENCE_OFFSET);
    for (uint64_t number = 0; !__atomic_load_n(writer->is_done, __ATOMIC_RELAXED); number++)
        write_once(writer->words, sequence, GUINT64_TO_LE(number));
    return NULL;
}

static void
test_no_read_is_torn_beside_a_writer(Fixture *fixture, gconstpointer data)
{
    bool is_done = false;
    Writer writer = { .words = fixture->fake.words, .is_done = &is_done };
    unsigned n_good = 0;
    uint64_t last = 0;
    (void)data;
    fixture->fake.kernel = NULL;
    write_once(fixture->fake.words, (uint32_t *)&fixture->fake.words[1] + 1, 0);
    open_page(fixture);
    GThread *thread = g_thread_new("hypervisor", write_all_the_while, &writer);

    for (unsigned i = 0; i < N_READS_BESIDE_A_WRITER; i++) {
        VtVmclockPage page;
        uint64_t counter;
        if (vt_vmclock_read(fixture->vmclock, &page, &counter) != VT_VMCLOCK_OK)
            continue;
        n_good += 1;
        if (page.counter_value != page.disruption_marker ||
            page.time_sec != page.disruption_marker ||
            page.time_frac_sec != page.disruption_marker ||
            page.time_maxerror_ns != page.disruption_marker || page.disruption_marker < last)
            g_error("torn: %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT,
                    page.disruption_marker, page.time_maxerror_ns);
        last = page.disruption_marker;
    }

    __atomic_store_n(&is_done, true, __ATOMIC_RELAXED);
    g_thread_join(thread);
    g_test_message("%u reads beside %" G_GUINT64_FORMAT " writes", n_good, last);
    g_assert_cmpuint(n_good, >, N_READS_BESIDE_A_WRITER / 2);
    g_assert_cmpuint(last, >, 1000);
}

static void
test_writer_that_never_ends_is_told(Fixture *fixture, gconstpointer data)
{
    VtVmclockPage page;
    uint64_t counter;
    (void)data;
    open_page(fixture);
    ((uint8_t *)fixture->fake.words)[VT_VMCLOCK_SEQUENCE_OFFSET] |= 1;

    g_assert_cmpint(vt_vmclock_read(fixture->vmclock, &page, &counter), ==, VT_VMCLOCK_TORN);
}

static void
test_what_is_no_page_is_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    ((uint8_t *)fixture->fake.words)[0] = 'X';
    g_assert_null(vt_vmclock_new(&fixture->places, "/dev/vmclock0", &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED);
}

/* The kernel's way, on a file: it can be mapped, and is readable always, so it cannot tell. */
static void
test_page_in_a_file_is_mapped_and_cannot_tell(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "vmclock0", NULL);
    uint8_t page_bytes[65536] = { 0 };
    VtVmclockPage page;
    uint64_t counter;
    (void)data;
    memcpy(page_bytes, fixture->fake.words, sizeof fixture->fake.words);
    g_assert_true(g_file_set_contents(path, (const char *)page_bytes, sizeof page_bytes, NULL));
    VtVmclockPlaces places = { .kernel = &vt_vmclock_system, .counter = vt_counter_system() };
    VtVmclock *vmclock = vt_vmclock_new(&places, path, &error);
    g_assert_no_error(error);

    g_assert_cmpint(vt_vmclock_read(vmclock, &page, &counter), ==, VT_VMCLOCK_OK);
    g_assert_cmpuint(page.disruption_marker, ==, 1);
    g_assert_false(vt_vmclock_can_tell(vmclock));

    vt_vmclock_free(vmclock);
    g_assert_cmpint(unlink(path), ==, 0);
    g_assert_cmpint(rmdir(folder), ==, 0);
    g_assert_null(vt_vmclock_new(&places, path, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_NOT_FOUND);
}

static void
test_counter_is_trusted_as_far_as_the_kernel_does(void)
{
    static const struct {
        uint8_t id;
        const char *available;
        bool is_trusted;
    } cases[] = {
        { VT_VMCLOCK_COUNTER_X86_TSC, "kvm-clock tsc hpet acpi_pm \n", true },
        { VT_VMCLOCK_COUNTER_X86_TSC, "tsc \n", true },
        { VT_VMCLOCK_COUNTER_X86_TSC, "hyperv_clocksource_tsc_page acpi_pm \n", true },
        { VT_VMCLOCK_COUNTER_X86_TSC, "hpet acpi_pm \n", false },
        { VT_VMCLOCK_COUNTER_X86_TSC, "tsc-early \n", false },
        { VT_VMCLOCK_COUNTER_ARM_VIRTUAL, "arch_sys_counter \n", true },
        { VT_VMCLOCK_COUNTER_NONE, "tsc \n", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(vt_counter_is_trusted(cases[i].id, cases[i].available), ==,
                        cases[i].is_trusted);
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
make_provider(Fixture *fixture)
{
    open_page(fixture);
    VtProviderVmclockParams params = {
        .vmclock = fixture->vmclock,
        .quality = &fixture->quality,
    };
    fixture->provider = vt_provider_vmclock_new(&params, fixture->clock, on_reading, fixture);
}

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
    return fixture->has_reading;
}

static void
test_page_with_time_is_a_clock_with_its_own_bound(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_vmclock_set_time(&fixture->fake, vt_wall_add(true_wall, 5 * VT_NS_PER_SEC), 30000);
    make_provider(fixture);
    fake_kernel_pass(&fixture->kernel, 3 * VT_NS_PER_SEC);
    g_assert_true(read_once(fixture));

    VtSample sample = vt_sample_from_reading(&fixture->reading);
    VtNs miss_ns = vt_ns_abs(vt_ns_sub(sample.offset_ns, 5 * VT_NS_PER_SEC));
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    g_assert_cmpint(miss_ns, <=, sample.error_ns + ROUNDING_NS);
    g_assert_cmpint(sample.error_ns, <, 2 * VT_NS_PER_US);
    g_assert_cmpint(sample.root_distance_ns, >=, 30000);
    g_assert_cmpint(sample.root_distance_ns, <, 31000);
    g_assert_true(sample.reference_synchronised);

    /* Whose hypervisor promises nothing, is as good as its host. */
    fake_vmclock_set(&fixture->fake, 0x18, 8, 0);
    fixture->quality.is_synchronised = false;
    g_assert_true(read_once(fixture));
    sample = vt_sample_from_reading(&fixture->reading);
    g_assert_cmpint(sample.root_distance_ns, ==, 7000);
    g_assert_false(sample.reference_synchronised);
}

static void
test_page_without_time_is_no_clock_and_says_why(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_provider(fixture);
    g_assert_false(read_once(fixture));
    g_assert_nonnull(
        strstr(vt_provider_describe(&fixture->provider).problem, "carries no time"));

    fake_vmclock_set_time(&fixture->fake, true_wall, 30000);
    g_assert_true(read_once(fixture));
    g_assert_cmpstr(vt_provider_describe(&fixture->provider).problem, ==, "");
    fake_vmclock_set(&fixture->fake, 0x22, 1, VT_VMCLOCK_STATUS_UNRELIABLE);
    g_assert_false(read_once(fixture));
}

static void
test_counter_that_disagrees_is_named(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_vmclock_set_time(&fixture->fake, true_wall, 30000);
    make_provider(fixture);
    g_assert_true(read_once(fixture));

    /* One pause that RAW did not see is none of it. */
    fixture->fake.counter_ahead_ns += 60 * VT_NS_PER_SEC;
    for (int i = 0; i < 10; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        g_assert_true(read_once(fixture));
    }

    unsigned n_good = 0;
    for (int i = 0; i < 10; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        fixture->fake.counter_ahead_ns += 10 * VT_NS_PER_MS;
        n_good += read_once(fixture);
    }
    g_assert_cmpuint(n_good, ==, 2);
    g_assert_nonnull(strstr(vt_provider_describe(&fixture->provider).problem, "disagrees"));
}

static void
on_hint(const VtHint *hint, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_hints += 1;
    fixture->hint = *hint;
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
make_hint(Fixture *fixture)
{
    open_page(fixture);
    fixture->hint_source = vt_hint_vmclock_new(&fixture->vmclock, on_hint, fixture);
}

static void
test_marker_is_a_strong_hint_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    make_hint(fixture);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 0);

    fake_vmclock_set(&fixture->fake, 0x10, 8, 2);
    turn();
    g_assert_cmpuint(fixture->n_hints, ==, 0); /* nobody tells; the tick looks */
    vt_hint_source_tick(&fixture->hint_source);
    vt_hint_source_tick(&fixture->hint_source);

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "vmclock-marker");
    g_assert_true(fixture->hint.is_strong);
    g_assert_true(fixture->hint.allows_backward);
    g_assert_true(fixture->hint.reopens_rate);
}

static void
test_notified_marker_needs_no_tick(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->fake.notifies = true;
    make_hint(fixture);
    turn();
    for (unsigned i = 1; i <= 3; i++) {
        gint64 begun_us = g_get_monotonic_time();
        fake_vmclock_set(&fixture->fake, 0x10, 8, 1 + i);
        while (fixture->n_hints < i)
            g_main_context_iteration(NULL, TRUE); /* there is nothing else to wake it */
        g_assert_cmpint(g_get_monotonic_time() - begun_us, <=, MOST_NOTIFY_US);
        g_assert_cmpuint(fixture->n_hints, ==, i);
    }

    /* Each recalibration is told, too: that alone is no hint. */
    fake_vmclock_set_time(&fixture->fake, true_wall, 1000);
    turn();
    g_assert_cmpuint(fixture->n_hints, ==, 3);
}

static void
test_generation_and_plans_are_hints(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_vmclock_set(&fixture->fake, 0x18, 8, VT_VMCLOCK_GENERATION_PRESENT);
    make_hint(fixture);

    fake_vmclock_set(&fixture->fake, 0x68, 8, 5);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "vmclock-generation");
    g_assert_true(fixture->hint.is_strong);

    fake_vmclock_set(&fixture->fake, 0x18, 8,
                     VT_VMCLOCK_GENERATION_PRESENT | VT_VMCLOCK_DISRUPTION_SOON);
    vt_hint_source_tick(&fixture->hint_source);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 2);
    g_assert_cmpstr(fixture->hint.name, ==, "vmclock-disruption-soon");
    g_assert_false(fixture->hint.is_strong);

    /* Marker and generation together are one event. */
    fake_vmclock_set(&fixture->fake, 0x68, 8, 6);
    fake_vmclock_set(&fixture->fake, 0x10, 8, 6);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 3);
}

static void
test_page_found_later_is_watched_from_then_on(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->hint_source = vt_hint_vmclock_new(&fixture->vmclock, on_hint, fixture);
    vt_hint_source_tick(&fixture->hint_source);
    open_page(fixture);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 0);

    fake_vmclock_set(&fixture->fake, 0x10, 8, 2);
    vt_hint_source_tick(&fixture->hint_source);
    g_assert_cmpuint(fixture->n_hints, ==, 1);
}

#define add(path, function) \
    g_test_add("/agent/vmclock/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("no-read-is-torn-beside-a-writer", test_no_read_is_torn_beside_a_writer);
    add("writer-that-never-ends-is-told", test_writer_that_never_ends_is_told);
    add("what-is-no-page-is-refused", test_what_is_no_page_is_refused);
    add("page-in-a-file-is-mapped-and-cannot-tell",
        test_page_in_a_file_is_mapped_and_cannot_tell);
    g_test_add_func("/agent/vmclock/counter-is-trusted-as-far-as-the-kernel-does",
                    test_counter_is_trusted_as_far_as_the_kernel_does);
    add("page-with-time-is-a-clock-with-its-own-bound",
        test_page_with_time_is_a_clock_with_its_own_bound);
    add("page-without-time-is-no-clock-and-says-why",
        test_page_without_time_is_no_clock_and_says_why);
    add("counter-that-disagrees-is-named", test_counter_that_disagrees_is_named);
    add("marker-is-a-strong-hint-once", test_marker_is_a_strong_hint_once);
    add("notified-marker-needs-no-tick", test_notified_marker_needs_no_tick);
    add("generation-and-plans-are-hints", test_generation_and_plans_are_hints);
    add("page-found-later-is-watched-from-then-on",
        test_page_found_later_is_watched_from_then_on);
    return g_test_run();
}
