/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of settings files, the later of which override the earlier key by key, and where each
 * group and key stands, so that what is wrong with it can be told by file and line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

typedef struct VtSettingsText VtSettingsText;

/* Of no file yet. Transfer full. */
VtSettingsText *vt_settings_text_new(void);
void vt_settings_text_free(VtSettingsText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSettingsText, vt_settings_text_free)

/*
 * Adds the @n_bytes at @content of the file @name. Fails with VT_ERROR_INVALID, file and line in
 * the message, on a line that is neither comment, '[group]' nor 'key=value', and on bytes that
 * are no UTF-8; @text is then to be thrown away.
 */
bool vt_settings_text_add(VtSettingsText *text,
                          const char *name,
                          const char *content,
                          size_t n_bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All groups and keys, in the order in which they appeared first. Transfer none. */
GKeyFile *vt_settings_text_get_key_file(VtSettingsText *text);

/*
 * Puts "'FILE', line N: " before an @error whose message begins with the place it speaks of,
 * "[GROUP] KEY: " or "[GROUP]: ". One that speaks of a place that no file has stays as it is.
 */
void vt_settings_text_locate(const VtSettingsText *text, GError **error);
