/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the clocks of a machine cost and how well they are read: torn copies of a vmclock page
 * beside a writer that never rests, what a copy costs, and for each PTP clock that is here how it
 * is read, how long that takes and how wide its brackets are. Prints a table; exit code 1 if a
 * copy was torn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/devices/ptp-kind.h"
#include "agent/devices/udev.h"
#include "os/ptp.h"
#include "tests/agent/fake-vmclock.h"

#define DEFAULT_READS UINT64_C(100000000)
#define PTP_READS     1000

typedef struct {
    uint64_t *words;
    bool is_done;
    uint64_t n_writes;
} Writer;

static void
store(uint64_t *words, uint64_t number)
{
    uint32_t *sequence = (uint32_t *)((uint8_t *)words + VT_VMCLOCK_SEQUENCE_OFFSET);
    uint32_t before = __atomic_load_n(sequence, __ATOMIC_RELAXED);
    __atomic_store_n(sequence, before + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&words[2], number, __ATOMIC_RELAXED);
    for (size_t i = 5; i < VT_VMCLOCK_PAGE_BYTES / sizeof *words; i++)
        __atomic_store_n(&words[i], number, __ATOMIC_RELAXED);
    __atomic_store_n(sequence, before + 2, __ATOMIC_RELEASE);
}

static gpointer
write_all_the_while(gpointer user_data)
{
    Writer *writer = user_data;
    while (!__atomic_load_n(&writer->is_done, __ATOMIC_RELAXED))
        store(writer->words, GUINT64_TO_LE(writer->n_writes++));
    return NULL;
}

/* How many of @n_reads copies are torn. */
static uint64_t
count_torn(const VtVmclock *vmclock, uint64_t n_reads, uint64_t *ret_n_good)
{
    uint64_t n_torn = 0;
    *ret_n_good = 0;
    for (uint64_t i = 0; i < n_reads; i++) {
        VtVmclockPage page;
        uint64_t counter;
        if (vt_vmclock_read(vmclock, &page, &counter) != VT_VMCLOCK_OK)
            continue;
        *ret_n_good += 1;
        n_torn += page.counter_value != page.disruption_marker ||
                  page.time_sec != page.disruption_marker ||
                  page.time_maxerror_ns != page.disruption_marker;
    }
    return n_torn;
}

static double
run(const VtVmclock *vmclock, uint64_t n_reads, const char *name, uint64_t *ret_n_torn)
{
    uint64_t n_good;
    gint64 begun_us = g_get_monotonic_time();
    *ret_n_torn = count_torn(vmclock, n_reads, &n_good);
    double each_ns =
        (double)(g_get_monotonic_time() - begun_us) * 1000.0 / (double)MAX(n_reads, 1);
    printf("vmclock page, %s: %" G_GUINT64_FORMAT " reads, %" G_GUINT64_FORMAT
           " without result, %" G_GUINT64_FORMAT " torn, %.1f ns each\n",
           name, n_reads, n_reads - n_good, *ret_n_torn, each_ns);
    return each_ns;
}

static bool
bench_vmclock(uint64_t n_reads)
{
    FakeVmclock fake;
    uint64_t n_torn_alone, n_torn;
    fake_vmclock_init(&fake, NULL);
    VtVmclockPlaces places = fake_vmclock_get_places(&fake);
    places.counter = vt_counter_system();
    store(fake.words, 0);
    g_autoptr(VtVmclock) vmclock = vt_vmclock_new(&places, "a page in memory", NULL);
    if (vmclock == NULL)
        return false;
    (void)run(vmclock, n_reads / 10, "at rest", &n_torn_alone);
    Writer writer = { .words = fake.words };
    GThread *thread = g_thread_new("writer", write_all_the_while, &writer);
    (void)run(vmclock, n_reads, "beside a writer", &n_torn);
    __atomic_store_n(&writer.is_done, true, __ATOMIC_RELAXED);
    g_thread_join(thread);
    printf("writes meanwhile: %" G_GUINT64_FORMAT "\n", writer.n_writes);
    fake_vmclock_clear(&fake);
    return n_torn_alone + n_torn == 0;
}

static int
compare(const void *a, const void *b)
{
    VtNs x = *(const VtNs *)a, y = *(const VtNs *)b;
    return (x > y) - (x < y);
}

static void
bench_ptp(const VtUdevEvent *event)
{
    g_autoptr(GError) error = NULL;
    VtNs costs_ns[PTP_READS], widths_ns[PTP_READS];
    size_t n_read = 0;
    VtPtpKind kind = vt_ptp_kind_find(event->clock_name);
    g_autoptr(VtPtp) ptp = vt_ptp_open(event->path, &error);

    for (size_t i = 0; ptp != NULL && error == NULL && i < PTP_READS; i++) {
        VtPtpShot shot;
        gint64 begun_us = g_get_monotonic_time();
        if (!vt_ptp_read(ptp, &shot, &error))
            break;
        costs_ns[n_read] = (g_get_monotonic_time() - begun_us) * VT_NS_PER_US;
        widths_ns[n_read] = vt_wall_diff(shot.after, shot.before);
        n_read += 1;
    }
    if (error != NULL || n_read == 0) {
        printf("%s ('%s', %s): %s\n", event->path, event->clock_name, kind.name,
               error != NULL ? error->message : "nothing read");
        return;
    }
    qsort(costs_ns, n_read, sizeof *costs_ns, compare);
    qsort(widths_ns, n_read, sizeof *widths_ns, compare);
    printf("%s ('%s', %s, %s): a reading takes %" PRId64 " us (worst %" PRId64
           "), its bracket is %" PRId64 " ns (least %" PRId64 ", worst %" PRId64 ")\n",
           event->path, event->clock_name, kind.name,
           vt_ptp_method_name(vt_ptp_get_method(ptp)), costs_ns[n_read / 2] / VT_NS_PER_US,
           costs_ns[n_read - 1] / VT_NS_PER_US, widths_ns[n_read / 2], widths_ns[0],
           widths_ns[n_read - 1]);
}

static void
on_clock(const VtUdevEvent *event, void *user_data)
{
    unsigned *n_clocks = user_data;
    *n_clocks += 1;
    if (g_str_equal(event->subsystem, "ptp") && event->clock_name != NULL &&
        event->path != NULL)
        bench_ptp(event);
    else
        printf("%s: there\n", event->path != NULL ? event->path : event->name);
}

int
main(int argc, char **argv)
{
    uint64_t n_reads = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : DEFAULT_READS;
    unsigned n_clocks = 0;
    g_autoptr(VtUdev) udev = vt_udev_new(NULL);

    bool is_whole = bench_vmclock(n_reads);
    if (udev != NULL)
        vt_udev_enumerate(udev, on_clock, &n_clocks);
    if (n_clocks == 0)
        puts("this machine has neither PTP clocks, nor a vmclock page, nor an RTC");
    return is_whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
