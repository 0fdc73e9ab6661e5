/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text from guests on an operator's terminal. A tenant names a guest, an agent in it names its
 * reference: neither may move the cursor, colour the screen or pass for something else.
 */
#pragma once

/*
 * @text with all that does not simply print written as '\xNN' (bytes that are no UTF-8, and all
 * non-ASCII ones where the locale is not UTF-8) or '\u{NNNN}' (control and format characters,
 * line separators), and '\' doubled. Never fails. Transfer full.
 */
char *vt_escape_text(const char *text);

/*
 * The same for a JSON text: what a terminal might act upon becomes '\uNNNN', so that the value
 * stays what it was. @json must be valid UTF-8. Transfer full.
 */
char *vt_escape_json(const char *json);
