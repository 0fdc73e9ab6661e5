/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-lead.h"

/* As seen on one machine; what is true of another is learnt within a second. */
#define FIRST_GUESS_NS 2500
#define STEP_GUESS_NS  3000

/* Later than this the caches are cold. */
#define IDLE_NS (200 * VT_NS_PER_US)

#define SAMPLE_EVERY_NS (5 * VT_NS_PER_MS)

/*
 * The most that one reply teaches that is late, and by how much more one that is early: it rests
 * where a fourth of them are early. What the others take longer for, nobody can foresee. The first
 * ones teach more.
 */
#define LESSON_NS       40
#define FIRST_LESSON_NS 2000
#define EARLY_LESSONS   3

/* By so much one that is asked about leaves later than others: the kernel copies it first. Seen as
 * the difference between what the kernel told and when replies arrived, on a pair of veths. */
#define COPY_NS 700

#define MOST_LEAD_NS (100 * VT_NS_PER_US)
#define MOST_STEP_NS (20 * VT_NS_PER_US)

void
vt_ntp_lead_init(VtNtpLead *ret_lead)
{
    *ret_lead = (VtNtpLead){ .step_ns = STEP_GUESS_NS };
    for (size_t i = 0; i < VT_NTP_LEAD_N_KINDS; i++)
        ret_lead->first_ns[i] = FIRST_GUESS_NS;
}

VtNtpLeadKind
vt_ntp_lead_judge(size_t n_replies, VtNs idle_ns)
{
    if (n_replies > 1)
        return VT_NTP_LEAD_BATCH;
    return idle_ns > IDLE_NS ? VT_NTP_LEAD_AWOKEN : VT_NTP_LEAD_SINGLE;
}

VtNs
vt_ntp_lead_get(const VtNtpLead *lead, VtNtpLeadKind kind, size_t index)
{
    return lead->first_ns[kind] + (VtNs)index * lead->step_ns;
}

bool
vt_ntp_lead_is_due(const VtNtpLead *lead, VtNtpLeadKind kind, VtMono now)
{
    return vt_mono_diff(now, lead->asked_at[kind]) >= SAMPLE_EVERY_NS;
}

bool
vt_ntp_lead_wants(VtNtpLead *lead, const VtNtpLeadSample *sample, size_t n_replies, VtMono now)
{
    size_t turn = lead->n_samples[sample->kind];
    if (sample->index != turn % n_replies || !vt_ntp_lead_is_due(lead, sample->kind, now))
        return false;
    lead->asked_at[sample->kind] = now;
    lead->n_samples[sample->kind] = turn + 1;
    lead->sample = *sample;
    return true;
}

static void
move(VtNs *value_ns, VtNs late_ns, VtNs lesson_ns, VtNs most_ns)
{
    VtNs by_ns = CLAMP(late_ns, -EARLY_LESSONS * lesson_ns, lesson_ns);
    *value_ns = CLAMP(*value_ns + by_ns, 0, most_ns);
}

bool
vt_ntp_lead_learn(VtNtpLead *lead, VtNtpStamp receive, VtWall sent_at)
{
    const VtNtpLeadSample *sample = &lead->sample;
    if (receive == 0 || receive != sample->receive)
        return false;

    VtNs late_ns = vt_wall_diff(sent_at, sample->written) - COPY_NS;
    VtNs n_samples = (VtNs)lead->n_samples[sample->kind];
    VtNs lesson_ns = LESSON_NS + FIRST_LESSON_NS / MAX(n_samples, 1);
    if (sample->index == 0)
        move(&lead->first_ns[sample->kind], late_ns, lesson_ns, MOST_LEAD_NS);
    else
        move(&lead->step_ns, late_ns / (VtNs)sample->index, lesson_ns / (VtNs)sample->index,
             MOST_STEP_NS);
    lead->sample.receive = 0;
    return true;
}

void
vt_ntp_lead_forget(VtNtpLead *lead)
{
    lead->sample.receive = 0;
}
