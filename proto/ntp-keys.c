/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/ntp-keys.h"

#include <nettle/cmac.h>
#include <nettle/memops.h>
#include <string.h>

#include "base/error.h"

#define AES128_BYTES 16
#define AES256_BYTES 32

typedef enum {
    KEY_AES128,
    KEY_AES256,
} KeyKind;

typedef struct {
    KeyKind kind;
    union {
        struct cmac_aes128_ctx aes128;
        struct cmac_aes256_ctx aes256;
    };
} Key;

struct VtNtpKeys {
    GHashTable *keys; /* number -> Key */
};

static void
wipe_key(void *key)
{
    /* Not memset, which a compiler may leave out before a free. */
    explicit_bzero(key, sizeof(Key));
    g_free(key);
}

static int
read_digit(char digit)
{
    return g_ascii_xdigit_value(digit);
}

/* Decodes in place of @ret_bytes at most @most bytes; returns how many, or more than @most. */
static size_t
decode_hex(const char *text, uint8_t *ret_bytes, size_t most)
{
    size_t n_bytes = 0;
    for (; text[0] != '\0'; text += 2) {
        if (read_digit(text[0]) < 0 || read_digit(text[1]) < 0 || n_bytes == most)
            return most + 1;
        ret_bytes[n_bytes++] = (uint8_t)(read_digit(text[0]) << 4 | read_digit(text[1]));
    }
    return n_bytes;
}

static size_t
decode_secret(const char *text, uint8_t ret_bytes[AES256_BYTES])
{
    if (g_str_has_prefix(text, "HEX:"))
        return decode_hex(text + strlen("HEX:"), ret_bytes, AES256_BYTES);
    if (g_str_has_prefix(text, "ASCII:"))
        text += strlen("ASCII:");
    size_t n_bytes = strlen(text);
    memcpy(ret_bytes, text, MIN(n_bytes, AES256_BYTES));
    return n_bytes;
}

static const char *
set_key(Key *key, const char *kind, const char *secret)
{
    uint8_t bytes[AES256_BYTES] = { 0 };
    size_t n_bytes = decode_secret(secret, bytes);
    const char *problem = NULL;

    if (g_str_equal(kind, "AES128") && n_bytes == AES128_BYTES) {
        key->kind = KEY_AES128;
        cmac_aes128_set_key(&key->aes128, bytes);
    } else if (g_str_equal(kind, "AES256") && n_bytes == AES256_BYTES) {
        key->kind = KEY_AES256;
        cmac_aes256_set_key(&key->aes256, bytes);
    } else if (g_str_equal(kind, "AES128") || g_str_equal(kind, "AES256")) {
        problem = "the key has another length than its kind wants: 16 or 32 bytes";
    } else {
        problem = "the kind of key is neither AES128 nor AES256";
    }
    explicit_bzero(bytes, sizeof bytes);
    return problem;
}

/* NULL, or what is wrong with the line. */
static const char *
add_line(VtNtpKeys *keys, char **words)
{
    guint64 id;

    if (g_strv_length(words) != 3)
        return "not a number, a kind and a key";
    if (!g_ascii_string_to_unsigned(words[0], 10, 1, UINT32_MAX, &id, NULL))
        return "the number of the key is not from 1 to 4294967295";
    if (g_hash_table_contains(keys->keys, GUINT_TO_POINTER((guint)id)))
        return "the number of the key stands there twice";

    Key *key = g_new0(Key, 1);
    g_hash_table_insert(keys->keys, GUINT_TO_POINTER((guint)id), key);
    return set_key(key, words[1], words[2]);
}

/* Words without the empty ones that several blanks make. Transfer full. */
static char **
split_words(const char *line)
{
    g_auto(GStrv) parts = g_strsplit_set(line, " \t\r", -1);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (*parts[i] != '\0')
            g_strv_builder_add(builder, parts[i]);
    }
    return g_strv_builder_end(builder);
}

VtNtpKeys *
vt_ntp_keys_parse(const char *text, const char *file_name, GError **error)
{
    g_autoptr(VtNtpKeys) keys = g_new0(VtNtpKeys, 1);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    keys->keys = g_hash_table_new_full(NULL, NULL, NULL, wipe_key);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = split_words(lines[i]);
        if (words[0] == NULL || strchr("#%;!", words[0][0]) != NULL)
            continue;
        const char *problem = add_line(keys, words);
        if (problem != NULL) {
            g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s', line %zu: %s", file_name,
                        i + 1, problem);
            return NULL;
        }
    }
    return g_steal_pointer(&keys);
}

void
vt_ntp_keys_free(VtNtpKeys *keys)
{
    if (keys == NULL)
        return;
    g_hash_table_unref(keys->keys);
    g_free(keys);
}

size_t
vt_ntp_keys_get_count(const VtNtpKeys *keys)
{
    return g_hash_table_size(keys->keys);
}

bool
vt_ntp_keys_sign(const VtNtpKeys *keys,
                 uint32_t key_id,
                 const uint8_t *bytes,
                 size_t n_bytes,
                 uint8_t ret_mac[VT_NTP_CMAC_BYTES])
{
    const Key *found = g_hash_table_lookup(keys->keys, GUINT_TO_POINTER(key_id));
    if (found == NULL)
        return false;

    /* What is being computed lives in the context beside the key: a copy for each code. */
    Key key = *found;
    switch (key.kind) {
    case KEY_AES128:
        cmac_aes128_update(&key.aes128, n_bytes, bytes);
        cmac_aes128_digest(&key.aes128, VT_NTP_CMAC_BYTES, ret_mac);
        break;
    case KEY_AES256:
        cmac_aes256_update(&key.aes256, n_bytes, bytes);
        cmac_aes256_digest(&key.aes256, VT_NTP_CMAC_BYTES, ret_mac);
        break;
    }
    return true;
}

bool
vt_ntp_keys_is_same_mac(const uint8_t *a, const uint8_t *b)
{
    return memeql_sec(a, b, VT_NTP_CMAC_BYTES) != 0;
}

static const Key *
find_key(const VtNtpKeys *keys, uint32_t key_id)
{
    return keys != NULL ? g_hash_table_lookup(keys->keys, GUINT_TO_POINTER(key_id)) : NULL;
}

bool
vt_ntp_keys_have_same(const VtNtpKeys *a, const VtNtpKeys *b, uint32_t key_id)
{
    const Key *key = find_key(a, key_id);
    const Key *other = find_key(b, key_id);

    if (key == NULL || other == NULL)
        return key == other;
    /* Schedules of the same key are the same; both were zeroed before. */
    return key->kind == other->kind && memcmp(key, other, sizeof *key) == 0;
}
