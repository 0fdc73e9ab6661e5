/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/saved-state.h"

#include <math.h>

#include "base/error.h"
#include "proto/link-words.h"

#define GROUP "state"

/* An oscillator beyond is no clock; the servo would not take it either. */
#define MOST_RATE_PPB 1000000.0

/* What a crystal may wander by while nobody looks. */
#define SAME_BOOT_SIGMA_PPB 1000.0

/*
 * A boot may calibrate its clocksource anew, or be on another host: crystals differ by some 10
 * ppm. Still below what the servo uses at once (50 ppm).
 */
#define OTHER_BOOT_SIGMA_PPB 25000.0

char *
vt_saved_state_write(const VtSavedState *state)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, GROUP, "machine", state->identity.machine);
    g_key_file_set_string(file, GROUP, "vm", state->identity.vm);
    g_key_file_set_string(file, GROUP, "boot", state->identity.boot);
    if (state->has_rate) {
        g_key_file_set_double(file, GROUP, "rate-ppb", state->rate_ppb);
        g_key_file_set_double(file, GROUP, "rate-sigma-ppb", state->rate_sigma_ppb);
    }
    if (state->rtc_phase.is_known) {
        g_key_file_set_int64(file, GROUP, "rtc-ahead-ns", state->rtc_phase.ahead_ns);
        g_key_file_set_int64(file, GROUP, "rtc-error-ns", state->rtc_phase.error_ns);
        g_key_file_set_int64(file, GROUP, "rtc-learnt-at-ns", state->rtc_phase.learnt_at.ns);
    }
    if (state->mode != VT_LINK_MODE_INVALID)
        g_key_file_set_string(file, GROUP, "mode", vt_link_mode_name(state->mode));
    return g_key_file_to_data(file, NULL, NULL);
}

static void
read_text(GKeyFile *file, const char *key, char ret_id[VT_IDENTITY_BYTES])
{
    g_autofree char *text = g_key_file_get_string(file, GROUP, key, NULL);
    g_strlcpy(ret_id, text != NULL ? text : "", VT_IDENTITY_BYTES);
}

static uint8_t
read_mode(GKeyFile *file)
{
    g_autofree char *text = g_key_file_get_string(file, GROUP, "mode", NULL);
    for (uint8_t mode = VT_LINK_MODE_FULL; mode <= VT_LINK_MODE_OFF; mode++) {
        if (g_strcmp0(text, vt_link_mode_name(mode)) == 0)
            return mode;
    }
    return VT_LINK_MODE_INVALID;
}

/* False for a number that is missing, none, or beyond what can be. */
static bool
read_number(GKeyFile *file, const char *key, double *ret_number)
{
    g_autoptr(GError) error = NULL;
    double number = g_key_file_get_double(file, GROUP, key, &error);
    if (error != NULL || !isfinite(number) || fabs(number) > MOST_RATE_PPB)
        return false;
    *ret_number = number;
    return true;
}

static bool
read_rate(GKeyFile *file, VtSavedState *state, double more_sigma_ppb)
{
    if (!read_number(file, "rate-ppb", &state->rate_ppb) ||
        !read_number(file, "rate-sigma-ppb", &state->rate_sigma_ppb) ||
        state->rate_sigma_ppb < 0)
        return false;
    state->rate_sigma_ppb = hypot(state->rate_sigma_ppb, more_sigma_ppb);
    return true;
}

/* False for one that is missing, or negative where it must not be. */
static bool
read_ns(GKeyFile *file, const char *key, int64_t least_ns, int64_t *ret_ns)
{
    g_autoptr(GError) error = NULL;
    int64_t value_ns = g_key_file_get_int64(file, GROUP, key, &error);
    if (error != NULL || value_ns < least_ns)
        return false;
    *ret_ns = value_ns;
    return true;
}

/* Another boot may be another start of the machine, which gives its RTC another phase. */
static void
read_rtc_phase(GKeyFile *file, VtRtcPhase *phase)
{
    VtRtcPhase read = { .is_known = true, .is_true = true };
    if (read_ns(file, "rtc-ahead-ns", INT64_MIN, &read.ahead_ns) &&
        read_ns(file, "rtc-error-ns", 0, &read.error_ns) &&
        read_ns(file, "rtc-learnt-at-ns", 0, &read.learnt_at.ns))
        *phase = read;
}

bool
vt_saved_state_read(const char *text,
                    const VtIdentity *now,
                    VtSavedState *ret_state,
                    GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    VtSavedState state = { 0 };

    if (!g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_NONE, NULL) ||
        !g_key_file_has_group(file, GROUP)) {
        g_set_error_literal(error, VT_ERROR, VT_ERROR_INVALID, "not a state file");
        return false;
    }
    read_text(file, "machine", state.identity.machine);
    read_text(file, "vm", state.identity.vm);
    read_text(file, "boot", state.identity.boot);
    if (!vt_identity_is_same_machine(&state.identity, now)) {
        g_set_error_literal(error, VT_ERROR, VT_ERROR_INVALID, "another machine's state");
        return false;
    }
    bool is_same_boot = vt_identity_is_same_boot(&state.identity, now);
    state.has_rate =
        read_rate(file, &state, is_same_boot ? SAME_BOOT_SIGMA_PPB : OTHER_BOOT_SIGMA_PPB);
    if (is_same_boot)
        read_rtc_phase(file, &state.rtc_phase);
    state.mode = read_mode(file);
    if (!state.has_rate && g_key_file_has_key(file, GROUP, "rate-ppb", NULL)) {
        g_set_error_literal(error, VT_ERROR, VT_ERROR_INVALID, "a rate that cannot be");
        return false;
    }
    *ret_state = state;
    return true;
}
