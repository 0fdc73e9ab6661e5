/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/journal.h"

#include <string.h>

#include "base/json-line.h"

/* Some 100 KiB of memory at the most. */
#define MAX_RECORDS 256

struct VtJournal {
    VtStateFolder *folder;
    char *name;
    GQueue records;       /* of GVariant, oldest first */
    uint64_t n_lost_told; /* of the folder's */
};

static void
keep(VtJournal *journal, GVariant *record)
{
    g_queue_push_tail(&journal->records, record);
    if (g_queue_get_length(&journal->records) > MAX_RECORDS)
        g_variant_unref(g_queue_pop_head(&journal->records));
}

VtJournal *
vt_journal_new(VtStateFolder *folder, const char *name)
{
    VtJournal *journal = g_new0(VtJournal, 1);
    g_auto(GStrv) lines = vt_state_folder_read_tail(folder, name, MAX_RECORDS);

    journal->folder = folder;
    journal->name = g_strdup(name);
    for (size_t i = 0; lines[i] != NULL; i++) {
        GVariant *record = NULL;
        if (vt_json_line_read(lines[i], strlen(lines[i]), &record))
            keep(journal, record);
    }
    return journal;
}

static void
unref_record(gpointer record)
{
    g_variant_unref(record);
}

void
vt_journal_free(VtJournal *journal)
{
    if (journal == NULL)
        return;
    g_queue_clear_full(&journal->records, unref_record);
    g_free(journal->name);
    g_free(journal);
}

/* Transfer full. */
static GVariant *
add_lost(VtJournal *journal, GVariant *record)
{
    uint64_t n_lost = vt_state_folder_get_n_lost(journal->folder);
    uint64_t n_new = n_lost - journal->n_lost_told;

    journal->n_lost_told = n_lost;
    if (n_new == 0)
        return g_variant_ref_sink(record);
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(record);
    g_variant_dict_insert(&dict, "lost", "t", n_new);
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

void
vt_journal_add(VtJournal *journal, GVariant *record)
{
    g_autoptr(GVariant) given = g_variant_ref_sink(record);
    GVariant *own = add_lost(journal, given);
    g_autofree char *line = vt_json_line_write(own);

    keep(journal, own);
    vt_state_folder_append(journal->folder, journal->name, line);
}

GVariant *
vt_journal_get_last(const VtJournal *journal)
{
    return journal->records.tail != NULL ? journal->records.tail->data : NULL;
}

GVariant *
vt_journal_get_tail(const VtJournal *journal, unsigned n_most)
{
    g_auto(GVariantBuilder) builder;
    const GList *first = journal->records.tail;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    if (n_most == 0 || first == NULL)
        return g_variant_builder_end(&builder);
    for (unsigned n = 1; n < n_most && first->prev != NULL; n++)
        first = first->prev;
    for (const GList *item = first; item != NULL; item = item->next)
        g_variant_builder_add_value(&builder, item->data);
    return g_variant_builder_end(&builder);
}
