/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/chrony-request.h"

static void
test_wishes_survive_the_way(void)
{
    for (int i = VT_CHRONY_WISH_RESET; i < VT_CHRONY_WISH_END; i++) {
        uint8_t bytes[VT_CHRONY_ASK_BYTES];
        VtChronyWish wish;

        vt_chrony_ask_encode((VtChronyWish)i, bytes);

        g_assert_true(vt_chrony_ask_decode(bytes, sizeof bytes, &wish));
        g_assert_cmpint(wish, ==, i);
    }
}

static void
test_answers_survive_the_way(void)
{
    for (int i = 0; i < VT_CHRONY_N_CODES; i++) {
        uint8_t bytes[VT_CHRONY_ANSWER_BYTES];
        VtChronyWish wish;
        VtChronyCode code;

        vt_chrony_answer_encode(VT_CHRONY_WISH_BURST, (VtChronyCode)i, bytes);

        g_assert_true(vt_chrony_answer_decode(bytes, sizeof bytes, &wish, &code));
        g_assert_cmpint(wish, ==, VT_CHRONY_WISH_BURST);
        g_assert_cmpint(code, ==, i);
        g_assert_cmpint(vt_chrony_code_text(code)[0] == '\0', ==, i == VT_CHRONY_CODE_DONE);
    }
    g_assert_cmpstr(vt_chrony_code_text(VT_CHRONY_N_CODES), ==, "");
}

static void
test_anything_else_is_refused(void)
{
    static const struct {
        uint8_t bytes[4];
        size_t n_bytes;
    } rows[] = {
        { { 1, 1 }, 0 },       /* nothing */
        { { 1, 1 }, 1 },       /* half */
        { { 1, 1, 0 }, 3 },    /* an answer */
        { { 0, 1 }, 2 },       /* no version */
        { { 2, 1 }, 2 },       /* another one */
        { { 1, 0 }, 2 },       /* no wish */
        { { 1, 4 }, 2 },       /* one that is not granted */
        { { 1, 255 }, 2 },     /* any other */
        { { 1, 1, 0, 0 }, 4 }, /* something behind it */
    };
    VtChronyWish wish;
    VtChronyCode code;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_false(vt_chrony_ask_decode(rows[i].bytes, rows[i].n_bytes, &wish));
    g_assert_false(vt_chrony_answer_decode((const uint8_t[]){ 1, 1, 4 }, 3, &wish, &code));
    g_assert_false(vt_chrony_answer_decode((const uint8_t[]){ 1, 9, 0 }, 3, &wish, &code));
    g_assert_false(vt_chrony_answer_decode((const uint8_t[]){ 1, 1 }, 2, &wish, &code));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/chrony-request/wishes-survive-the-way",
                    test_wishes_survive_the_way);
    g_test_add_func("/proto/chrony-request/answers-survive-the-way",
                    test_answers_survive_the_way);
    g_test_add_func("/proto/chrony-request/anything-else-is-refused",
                    test_anything_else_is_refused);
    return g_test_run();
}
