/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon remembers of the disruptions it saw: the last 256 records in memory, all of them
 * as JSON Lines in its state folder, from where they come back at the next start. A record is an
 * a{sv} of texts, integers, numbers and flags. That the file cannot be written costs nothing but
 * the file.
 */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "os/state-folder.h"

typedef struct VtJournal VtJournal;

/*
 * Reads what earlier runs left in the file @name of @folder, which must outlive the journal;
 * lines that are no records are passed over. Transfer full.
 */
VtJournal *vt_journal_new(VtStateFolder *folder, const char *name);
void vt_journal_free(VtJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtJournal, vt_journal_free)

/*
 * Keeps @record, consuming it if it is floating. A 'lost' is added to it when records before it
 * did not reach the file: how many.
 */
void vt_journal_add(VtJournal *journal, GVariant *record);

/* The newest record, of this run or an earlier one; NULL if there is none. Transfer none. */
GVariant *vt_journal_get_last(const VtJournal *journal);

/* The newest @n_most records, oldest first, as aa{sv}. Floating. */
GVariant *vt_journal_get_tail(const VtJournal *journal, unsigned n_most);
