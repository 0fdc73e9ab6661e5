/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-letter-box.h"

void
vt_ntp_letter_box_init(VtNtpLetterBox *box, void *first, GDestroyNotify free_func)
{
    atomic_init(&box->posted, NULL);
    box->current = first;
    box->free_func = free_func;
}

static void
free_letter(const VtNtpLetterBox *box, void *letter)
{
    if (letter != NULL)
        box->free_func(letter);
}

void
vt_ntp_letter_box_clear(VtNtpLetterBox *box)
{
    free_letter(box, atomic_exchange(&box->posted, NULL));
    free_letter(box, g_steal_pointer(&box->current));
}

void
vt_ntp_letter_box_post(VtNtpLetterBox *box, void *letter)
{
    free_letter(box, atomic_exchange(&box->posted, letter));
}

void *
vt_ntp_letter_box_take(VtNtpLetterBox *box)
{
    if (atomic_load_explicit(&box->posted, memory_order_relaxed) == NULL)
        return box->current;
    void *posted = atomic_exchange(&box->posted, NULL);
    if (posted != NULL) {
        free_letter(box, box->current);
        box->current = posted;
    }
    return box->current;
}
