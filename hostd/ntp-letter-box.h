/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A letter box with one slot between two threads, without a lock: one posts what is to be
 * known, the other takes the newest. Whoever has a letter owns it, so that nobody waits for
 * anybody.
 */
#pragma once

#include <stdatomic.h>

#include <glib.h>

typedef struct {
    _Atomic(void *) posted; /* that nobody has taken yet; NULL: none */
    void *current;          /* the taker's */
    GDestroyNotify free_func;
} VtNtpLetterBox;

/* Before the taker begins. @first and what is posted later: transfer full. */
void vt_ntp_letter_box_init(VtNtpLetterBox *box, void *first, GDestroyNotify free_func);

/* After the taker has ended. */
void vt_ntp_letter_box_clear(VtNtpLetterBox *box);

/* One that nobody has taken yet is out of date, and freed. Transfer full. */
void vt_ntp_letter_box_post(VtNtpLetterBox *box, void *letter);

/* The newest; borrowed until the next call. */
void *vt_ntp_letter_box_take(VtNtpLetterBox *box);
