/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symmetric keys of NTP, read from text in the form of chrony.keys(5), and the AES-CMAC codes
 * made with them (RFC 8573, RFC 4493). Other digests are not offered: MD5 is broken and nobody
 * has to be served that has no AES. Immutable once read, so any thread may use it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Of a code without the number of its key. */
#define VT_NTP_CMAC_BYTES 16

typedef struct VtNtpKeys VtNtpKeys;

/*
 * One key a line: a number from 1 on, AES128 or AES256, and the key as HEX:… or ASCII:… (or
 * plain characters), of 16 or 32 bytes; a line that begins with #, %, ; or ! is a comment.
 * VT_ERROR_INVALID with @file_name and the line's number; no key is ever part of a message.
 * Transfer full.
 */
VtNtpKeys *vt_ntp_keys_parse(const char *text,
                             const char *file_name,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Wipes the keys. Takes NULL. */
void vt_ntp_keys_free(VtNtpKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpKeys, vt_ntp_keys_free)

size_t vt_ntp_keys_get_count(const VtNtpKeys *keys);

/* The code of @bytes with that key; false if there is no such key. Allocates nothing. */
bool vt_ntp_keys_sign(const VtNtpKeys *keys,
                      uint32_t key_id,
                      const uint8_t *bytes,
                      size_t n_bytes,
                      uint8_t ret_mac[VT_NTP_CMAC_BYTES]);

/* Whether both have the same key of that number; either may be NULL: it has none. */
bool vt_ntp_keys_have_same(const VtNtpKeys *a, const VtNtpKeys *b, uint32_t key_id);

/* Two codes, compared in a time that does not tell where they differ. */
bool vt_ntp_keys_is_same_mac(const uint8_t *a, const uint8_t *b);
