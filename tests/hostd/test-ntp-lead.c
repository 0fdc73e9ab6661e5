/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is learnt of how long replies take to leave. */
#include "hostd/ntp-lead.h"

#define N_REPLIES    4
#define N_LESSONS    2000
#define EVERY_NS     (10 * VT_NS_PER_MS)
#define COPY_NS      700 /* see hostd/ntp-lead.c */
#define TOLERANCE_NS 100

/* Sends batches of @n_replies, the first leaving after @first_ns, the others @step_ns apart. */
static void
teach(VtNtpLead *lead, VtNtpLeadKind kind, size_t n_replies, VtNs first_ns, VtNs step_ns)
{
    for (unsigned i = 0; i < N_LESSONS; i++) {
        VtMono now = { .ns = (VtNs)(i + 1) * EVERY_NS };
        for (size_t index = 0; index < n_replies; index++) {
            VtNtpLeadSample sample = {
                .receive = i * N_REPLIES + index + 1,
                .written = { .ns = now.ns + vt_ntp_lead_get(lead, kind, index) },
                .index = index,
                .kind = kind,
            };
            VtNs late_ns = first_ns + (VtNs)index * step_ns;
            /* One in ten finds the thread preempted. */
            if (i % 10 == 0)
                late_ns += VT_NS_PER_MS;
            if (vt_ntp_lead_wants(lead, &sample, n_replies, now))
                g_assert_true(vt_ntp_lead_learn(lead, sample.receive,
                                                (VtWall){ .ns = now.ns + late_ns + COPY_NS }));
        }
    }
}

static void
check_near(VtNs value_ns, VtNs wanted_ns)
{
    g_assert_cmpint(value_ns, >, wanted_ns - TOLERANCE_NS);
    g_assert_cmpint(value_ns, <, wanted_ns + TOLERANCE_NS);
}

static void
test_lead_of_each_kind_is_learnt(void)
{
    VtNtpLead lead;
    vt_ntp_lead_init(&lead);

    teach(&lead, VT_NTP_LEAD_AWOKEN, 1, 9000, 0);
    teach(&lead, VT_NTP_LEAD_SINGLE, 1, 3000, 0);
    teach(&lead, VT_NTP_LEAD_BATCH, N_REPLIES, 4000, 1500);

    check_near(vt_ntp_lead_get(&lead, VT_NTP_LEAD_AWOKEN, 0), 9000);
    check_near(vt_ntp_lead_get(&lead, VT_NTP_LEAD_SINGLE, 0), 3000);
    check_near(vt_ntp_lead_get(&lead, VT_NTP_LEAD_BATCH, 0), 4000);
    check_near(vt_ntp_lead_get(&lead, VT_NTP_LEAD_BATCH, 1), 5500);
}

static void
test_kernel_is_asked_only_now_and_then(void)
{
    VtNtpLead lead;
    VtNtpLeadSample sample = { .receive = 1, .kind = VT_NTP_LEAD_SINGLE };
    vt_ntp_lead_init(&lead);

    g_assert_true(vt_ntp_lead_wants(&lead, &sample, 1, (VtMono){ .ns = EVERY_NS }));
    g_assert_false(vt_ntp_lead_wants(&lead, &sample, 1, (VtMono){ .ns = EVERY_NS + 1 }));
    g_assert_true(vt_ntp_lead_wants(&lead, &sample, 1, (VtMono){ .ns = 2 * EVERY_NS }));
}

static void
test_nothing_is_learnt_across_a_set_of_the_clock(void)
{
    VtNtpLead lead;
    VtNtpLeadSample sample = { .receive = 1, .kind = VT_NTP_LEAD_SINGLE };
    vt_ntp_lead_init(&lead);
    g_assert_true(vt_ntp_lead_wants(&lead, &sample, 1, (VtMono){ .ns = EVERY_NS }));

    vt_ntp_lead_forget(&lead);

    g_assert_false(vt_ntp_lead_learn(&lead, 1, (VtWall){ .ns = VT_NS_PER_SEC }));
}

static void
test_kinds_are_told_apart(void)
{
    g_assert_cmpint(vt_ntp_lead_judge(1, VT_NS_PER_SEC), ==, VT_NTP_LEAD_AWOKEN);
    g_assert_cmpint(vt_ntp_lead_judge(1, VT_NS_PER_US), ==, VT_NTP_LEAD_SINGLE);
    g_assert_cmpint(vt_ntp_lead_judge(2, VT_NS_PER_SEC), ==, VT_NTP_LEAD_BATCH);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-lead/lead-of-each-kind-is-learnt",
                    test_lead_of_each_kind_is_learnt);
    g_test_add_func("/hostd/ntp-lead/kernel-is-asked-only-now-and-then",
                    test_kernel_is_asked_only_now_and_then);
    g_test_add_func("/hostd/ntp-lead/nothing-is-learnt-across-a-set-of-the-clock",
                    test_nothing_is_learnt_across_a_set_of_the_clock);
    g_test_add_func("/hostd/ntp-lead/kinds-are-told-apart", test_kinds_are_told_apart);
    return g_test_run();
}
