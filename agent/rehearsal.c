/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rehearsal.h"

#include "agent/disruption.h"
#include "core/pipeline.h"
#include "os/clock.h"
#include "proto/link-scanner.h"
#include "proto/link-session.h"

#define PAUSE_NS      (60 * VT_NS_PER_SEC)
#define HALF_DELAY_NS (50 * VT_NS_PER_US)

/* A recovery takes some ten readings; one that did not end would be a bug, and no hang. */
#define MOST_READINGS 100

#define BEGIN_SEC (VT_BUILD_DATE_SEC + 86400)

/* The clocks of a guest that is made up. */
typedef struct {
    VtNs wall_ns;
    VtNs raw_ns;
    VtNs behind_ns; /* of the reference */
} Stage;

static void
get_time(void *instance, clockid_t clock_id, struct timespec *ret_at)
{
    const Stage *stage = instance;
    *ret_at = vt_ns_to_timespec(clock_id == CLOCK_REALTIME ? stage->wall_ns : stage->raw_ns);
}

static int
adjust(void *instance, struct timex *timex)
{
    Stage *stage = instance;
    if ((timex->modes & ADJ_SETOFFSET) != 0) {
        VtNs offset_ns = timex->time.tv_sec * VT_NS_PER_SEC + timex->time.tv_usec;
        stage->wall_ns += offset_ns;
        stage->behind_ns -= offset_ns;
    }
    return TIME_OK;
}

static const VtClockKernel stage_kernel = { .get_time = get_time, .adjust = adjust };

static void
pass(Stage *stage, VtNs span_ns)
{
    stage->wall_ns += span_ns;
    stage->raw_ns += span_ns;
}

/* Notice as hostd writes it, read as the link reads it. */
static bool
receive_notice(VtLinkNotice *ret_notice)
{
    VtLinkNotice notice = { .session = 1, .epoch = 1, .cause = VT_LINK_CAUSE_RESUMED };
    VtLinkFrame frame = { 0 };
    VtLinkScanner scanner = { 0 };
    VtLinkSession session = { .own_nonce = 1 };
    uint8_t buffer[VT_LINK_MAX_FRAME_BYTES];

    vt_link_notice_encode(&notice, &frame);
    vt_link_session_seal(&session, &frame);
    size_t n_bytes = vt_link_frame_encode(&frame, buffer);
    const uint8_t *bytes = buffer;
    return vt_link_scanner_next(&scanner, &bytes, &n_bytes, &frame) &&
           vt_link_notice_decode(&frame, ret_notice);
}

static VtReading
read_reference(Stage *stage, VtClock *clock)
{
    VtReading reading = {
        .sent = vt_clock_read(clock),
        .precision_ns = 1,
        .reference_synchronised = true,
        .stratum = 1,
    };
    pass(stage, HALF_DELAY_NS);
    reading.reference_received_at.ns = stage->wall_ns + stage->behind_ns;
    reading.reference_sent_at = reading.reference_received_at;
    pass(stage, HALF_DELAY_NS);
    reading.received = vt_clock_read(clock);
    return reading;
}

/* One reading, carried out; false when no more is wanted. */
static bool
measure(VtPipeline *pipeline, Stage *stage, VtClock *clock)
{
    VtReading reading = read_reference(stage, clock);
    pass(stage, HALF_DELAY_NS);
    VtAction action = vt_pipeline_on_reading(pipeline, &reading, vt_clock_read(clock));
    VtPipelineStatus status = vt_pipeline_get_status(pipeline, vt_clock_read(clock));

    /* The stage refuses nothing. */
    if (action.kind == VT_ACTION_STEP)
        (void)vt_clock_step(clock, action.offset_ns, NULL);
    if (action.kind == VT_ACTION_SLEW)
        (void)vt_clock_slew(clock, action.offset_ns, NULL);
    (void)vt_clock_publish(clock, status.synchronised, status.error_ns, NULL);
    return action.measure_now;
}

static void
measure_until_done(VtPipeline *pipeline, Stage *stage, VtClock *clock)
{
    for (int i = 0; i < MOST_READINGS && measure(pipeline, stage, clock); i++)
        continue;
}

static void
send_ack(VtDisruptionLog *log, const VtOutcome *outcome, VtMono now)
{
    VtLinkFrame frame = { 0 };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    VtLinkAck ack;

    vt_disruption_log_on_outcome(log, outcome, now);
    if (!vt_disruption_log_take_ack(log, "rehearsal", now, now, &ack))
        return;
    vt_link_ack_encode(&ack, &frame);
    (void)vt_link_frame_encode(&frame, bytes); /* goes nowhere */
}

VtOutcome
vt_rehearsal_run(void)
{
    VtPipelineParams params = vt_pipeline_params_default();
    Stage stage = { .wall_ns = BEGIN_SEC * VT_NS_PER_SEC, .raw_ns = VT_NS_PER_SEC };
    g_autoptr(VtPipeline) pipeline = vt_pipeline_new(&params);
    g_autoptr(VtClock) clock = vt_clock_new(&stage_kernel, &stage);
    VtDisruptionLog log = { 0 };
    VtLinkNotice notice;

    measure_until_done(pipeline, &stage, clock);
    pass(&stage, VT_NS_PER_SEC);

    stage.behind_ns += PAUSE_NS;
    if (receive_notice(&notice)) {
        VtHint hint = { .name = "notice", .is_strong = true, .notice = &notice };
        VtPipelineHint strong = { .strength = VT_HINT_STRONG };
        vt_disruption_log_on_hint(&log, &hint);
        (void)vt_pipeline_on_hint(pipeline, &strong, vt_clock_read(clock)); /* measured below */
    }
    measure_until_done(pipeline, &stage, clock);
    VtOutcome outcome = vt_pipeline_get_outcome(pipeline);
    send_ack(&log, &outcome, vt_clock_read(clock).raw);
    return outcome;
}
