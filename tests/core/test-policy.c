/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy.h"

#define DAY_NS (86400 * VT_NS_PER_SEC)

typedef struct {
    const char *name;
    VtPolicyCase policy_case; /* what make_case sets is left out */
    VtActionKind kind;
    VtRefusal refusal;
} Row;

static const Row rows[] = {
    { "small offset is left to the servo",
      { .offset_ns = 999999, .was_right = true },
      VT_ACTION_SLEW,
      VT_REFUSAL_NONE },
    { "forward is stepped",
      { .offset_ns = VT_NS_PER_SEC, .was_right = true },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "backward needs a reason",
      { .offset_ns = -VT_NS_PER_SEC, .was_right = true },
      VT_ACTION_HOLD,
      VT_REFUSAL_BACKWARD },
    { "backward and small is slewed",
      { .offset_ns = -99 * VT_NS_PER_MS, .was_right = true },
      VT_ACTION_SLEW,
      VT_REFUSAL_NONE },
    { "backward announced",
      { .offset_ns = -VT_NS_PER_SEC, .was_right = true, .allows_backward = true },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "backward at start", { .offset_ns = -VT_NS_PER_SEC }, VT_ACTION_STEP, VT_REFUSAL_NONE },
    { "backward by less than was stepped forward",
      { .offset_ns = -VT_NS_PER_SEC, .was_right = true, .stepped_ns = 2 * VT_NS_PER_SEC },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "two days forward on one unsynchronised word",
      { .offset_ns = 2 * DAY_NS, .was_right = true },
      VT_ACTION_HOLD,
      VT_REFUSAL_NO_WITNESS },
    { "two days forward, host synchronised",
      { .offset_ns = 2 * DAY_NS, .was_right = true, .reference_synchronised = true },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "two days forward, declared",
      { .offset_ns = 2 * DAY_NS, .was_right = true, .is_declared = true },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "two days forward at start",
      { .offset_ns = 2 * DAY_NS },
      VT_ACTION_STEP,
      VT_REFUSAL_NONE },
    { "never before the build, whatever is announced",
      { .offset_ns = -400 * DAY_NS, .allows_backward = true },
      VT_ACTION_HOLD,
      VT_REFUSAL_BEFORE_BUILD },
    { "an offset beyond all range does not wrap",
      { .offset_ns = VT_NS_MIN, .allows_backward = true },
      VT_ACTION_HOLD,
      VT_REFUSAL_BEFORE_BUILD },
};

static VtPolicyCase
make_case(const VtPolicyCase *given)
{
    VtPolicyCase policy_case = *given;
    policy_case.least_step_ns = VT_NS_PER_MS;
    policy_case.wall_at.ns = INT64_C(1800000000) * VT_NS_PER_SEC;
    policy_case.least_wall.ns = policy_case.wall_at.ns - 300 * DAY_NS;
    policy_case.may_correct = true;
    return policy_case;
}

static void
test_rulings(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtPolicyCase policy_case = make_case(&rows[i].policy_case);
        VtRuling ruling = vt_policy_rule(&policy_case);
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(ruling.kind, ==, rows[i].kind);
        g_assert_cmpint(ruling.refusal, ==, rows[i].refusal);
    }
}

static void
test_observe_never_steps(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        VtPolicyCase policy_case = make_case(&rows[i].policy_case);
        policy_case.may_correct = false;
        g_assert_cmpint(vt_policy_rule(&policy_case).kind, !=, VT_ACTION_STEP);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/policy/rulings", test_rulings);
    g_test_add_func("/core/policy/observe-never-steps", test_observe_never_steps);
    return g_test_run();
}
