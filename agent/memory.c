/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/memory.h"

#include "agent/saved-state.h"
#include "os/journal.h"

#define STATE_NAME "state"

/* A rate is worth little before; and what is never saved is lost with a killed machine. */
#define FIRST_SAVE_TICKS 300
#define SAVE_EVERY_TICKS 3600

/* Less sure than this it is no better than nothing at the next start. */
#define MOST_SIGMA_PPB 50000.0

struct VtAgentMemory {
    VtStateFolder *folder;
    VtJournal *journal;
    VtSavedState state;
    bool is_unsaved;
    unsigned n_ticks_to_save;
    uint64_t n_before; /* disruptions of earlier runs */
};

static void
on_problem(const GError *error, void *user_data)
{
    (void)user_data;
    g_warning("%s; disruptions and the learnt rate are remembered until this agent ends only",
              error->message);
}

static void
read_state(VtAgentMemory *memory)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = vt_state_folder_read(memory->folder, STATE_NAME);
    VtSavedState state;

    if (text == NULL)
        return;
    if (!vt_saved_state_read(text, &memory->state.identity, &state, &error)) {
        g_info("the saved state is not used: %s", error->message);
        return;
    }
    state.identity = memory->state.identity;
    memory->state = state;
}

VtAgentMemory *
vt_agent_memory_new(const VtAgentMemoryPlaces *places)
{
    VtAgentMemory *memory = g_new0(VtAgentMemory, 1);
    memory->folder = vt_state_folder_new(places->folder, on_problem, NULL);
    memory->journal = vt_journal_new(memory->folder, VT_AGENT_JOURNAL_NAME);
    memory->n_before = vt_agent_journal_get_number(vt_journal_get_last(memory->journal));
    memory->state.identity = vt_identity_read(&places->identity);
    memory->n_ticks_to_save = FIRST_SAVE_TICKS;
    read_state(memory);
    return memory;
}

static void
save(VtAgentMemory *memory)
{
    g_autofree char *text = vt_saved_state_write(&memory->state);
    vt_state_folder_replace(memory->folder, STATE_NAME, text);
    memory->is_unsaved = false;
}

void
vt_agent_memory_free(VtAgentMemory *memory)
{
    if (memory == NULL)
        return;
    if (memory->is_unsaved)
        save(memory);
    vt_journal_free(memory->journal);
    vt_state_folder_free(memory->folder);
    g_free(memory);
}

void
vt_agent_memory_get_rate(const VtAgentMemory *memory, VtPipelineParams *params)
{
    if (memory == NULL || !memory->state.has_rate)
        return;
    params->initial_rate_ppb = memory->state.rate_ppb;
    params->initial_rate_sigma_ppb = memory->state.rate_sigma_ppb;
}

void
vt_agent_memory_on_tick(VtAgentMemory *memory, const VtPipelineStatus *status)
{
    if (memory == NULL)
        return;
    if (status->state == VT_STATE_TRACKING && status->rate_sigma_ppb <= MOST_SIGMA_PPB) {
        memory->state.has_rate = true;
        memory->state.rate_ppb = status->rate_ppb;
        memory->state.rate_sigma_ppb = status->rate_sigma_ppb;
        memory->is_unsaved = true;
    }
    if (memory->n_ticks_to_save > 0) {
        memory->n_ticks_to_save -= 1;
        return;
    }
    memory->n_ticks_to_save = SAVE_EVERY_TICKS;
    if (memory->is_unsaved)
        save(memory);
}

void
vt_agent_memory_get_rtc_phase(const VtAgentMemory *memory, VtRtcPhase *phase)
{
    if (memory != NULL && memory->state.rtc_phase.is_known)
        *phase = memory->state.rtc_phase;
}

void
vt_agent_memory_set_rtc_phase(VtAgentMemory *memory, const VtRtcPhase *phase)
{
    if (memory == NULL || !phase->is_known || !phase->is_true ||
        phase->learnt_at.ns == memory->state.rtc_phase.learnt_at.ns)
        return;
    memory->state.rtc_phase = *phase;
    memory->is_unsaved = true;
}

uint8_t
vt_agent_memory_get_mode(const VtAgentMemory *memory)
{
    return memory != NULL ? memory->state.mode : VT_LINK_MODE_INVALID;
}

void
vt_agent_memory_set_mode(VtAgentMemory *memory, uint8_t mode)
{
    if (memory == NULL || memory->state.mode == mode)
        return;
    memory->state.mode = mode;
    save(memory);
}

uint64_t
vt_agent_memory_get_n_before(const VtAgentMemory *memory)
{
    return memory != NULL ? memory->n_before : 0;
}

void
vt_agent_memory_add(VtAgentMemory *memory, GVariant *record)
{
    g_autoptr(GVariant) own = g_variant_ref_sink(record);
    if (memory != NULL)
        vt_journal_add(memory->journal, own);
}

GVariant *
vt_agent_memory_get_last(const VtAgentMemory *memory)
{
    return memory != NULL ? vt_journal_get_last(memory->journal) : NULL;
}

GVariant *
vt_agent_memory_get_journal(const VtAgentMemory *memory, unsigned n_most)
{
    if (memory == NULL)
        return g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0);
    return vt_journal_get_tail(memory->journal, n_most);
}
