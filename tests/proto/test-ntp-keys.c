/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/error.h"
#include "proto/ntp-keys.h"

#define MESSAGE_BYTES 40

#define KEYS                                                                   \
    "# a comment\n"                                                            \
    "\n"                                                                       \
    "1 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3c\n"                          \
    "  2\tAES256  "                                                            \
    "HEX:603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4\r\n" \
    "4294967295 AES128 ASCII:sixteen_letters!\n"                               \
    "3 AES128 sixteen-letters!\n"

/* The message of RFC 4493, section 4, and of NIST's examples for AES-256. */
static const uint8_t message[MESSAGE_BYTES] = {
    0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93,
    0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac,
    0x45, 0xaf, 0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11,
};

typedef struct {
    const char *name;
    uint32_t key_id;
    size_t n_bytes;
    const char *wanted;
} Vector;

static const Vector vectors[] = {
    { "aes128-of-nothing", 1, 0, "bb1d6929e95937287fa37d129b756746" },
    { "aes128-of-one-block", 1, 16, "070a16b46b4d4144f79bdd9dd04a287c" },
    { "aes128-of-40-bytes", 1, 40, "dfa66747de9ae63030ca32611497c827" },
    { "aes256-of-nothing", 2, 0, "028962f61b7bf89efc6b551f4667d983" },
    { "aes256-of-one-block", 2, 16, "28a7023f452e8f82bd4bf28d8c37c35c" },
};

static VtNtpKeys *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    VtNtpKeys *keys = vt_ntp_keys_parse(text, "ntp.keys", &error);
    g_assert_no_error(error);
    return keys;
}

static void
test_vector(gconstpointer data)
{
    const Vector *vector = data;
    g_autoptr(VtNtpKeys) keys = parse(KEYS);
    uint8_t mac[VT_NTP_CMAC_BYTES];

    g_assert_true(vt_ntp_keys_sign(keys, vector->key_id, message, vector->n_bytes, mac));

    g_autoptr(GString) hex = g_string_new(NULL);
    for (size_t i = 0; i < sizeof mac; i++)
        g_string_append_printf(hex, "%02x", mac[i]);
    g_assert_cmpstr(hex->str, ==, vector->wanted);
}

static void
test_keys_are_found_by_number(void)
{
    g_autoptr(VtNtpKeys) keys = parse(KEYS);
    uint8_t first[VT_NTP_CMAC_BYTES];
    uint8_t second[VT_NTP_CMAC_BYTES];

    g_assert_cmpuint(vt_ntp_keys_get_count(keys), ==, 4);
    g_assert_true(vt_ntp_keys_sign(keys, 4294967295, message, sizeof message, first));
    g_assert_true(vt_ntp_keys_sign(keys, 3, message, sizeof message, second));
    g_assert_false(vt_ntp_keys_is_same_mac(first, second));
    g_assert_true(vt_ntp_keys_is_same_mac(first, first));
    g_assert_false(vt_ntp_keys_sign(keys, 5, message, sizeof message, first));
    g_assert_false(vt_ntp_keys_sign(keys, 0, message, sizeof message, first));
}

typedef struct {
    const char *name;
    const char *text;
    const char *wanted; /* of the message */
} Refusal;

static const Refusal refusals[] = {
    { "md5", "1 MD5 HEX:00112233445566778899aabbccddeeff", "line 1: the kind of key" },
    { "no-kind", "\n1 secret\n", "line 2: not a number, a kind and a key" },
    { "number-0", "0 AES128 sixteen-letters!", "line 1: the number of the key is not" },
    { "number-too-great", "4294967296 AES128 sixteen-letters!", "line 1: the number" },
    { "twice", "1 AES128 sixteen-letters!\n1 AES128 sixteen-letters!", "line 2: the number" },
    { "too-short", "1 AES128 fifteen-letters", "line 1: the key has another length" },
    { "too-long",
      "1 AES256 HEX:603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff400",
      "line 1: the key has another length" },
    { "half-a-byte", "1 AES128 HEX:2b7e151628aed2a6abf7158809cf4f3", "line 1: the key has" },
    { "no-hex", "1 AES128 HEX:2b7e151628aed2a6abf7158809cf4fxx", "line 1: the key has" },
};

static void
test_refusal(gconstpointer data)
{
    const Refusal *refusal = data;
    g_autoptr(GError) error = NULL;

    g_autoptr(VtNtpKeys) keys = vt_ntp_keys_parse(refusal->text, "ntp.keys", &error);

    g_assert_null(keys);
    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    g_assert_true(g_str_has_prefix(error->message, "'ntp.keys', line "));
    g_assert_nonnull(strstr(error->message, refusal->wanted));
    g_assert_null(strstr(error->message, "letters"));
}

static void
test_same_keys_are_told_from_others(void)
{
    static const char text[] = "1 AES128 HEX:00112233445566778899aabbccddeeff\n"
                               "2 AES128 HEX:00112233445566778899aabbccddee00\n";
    static const char other[] = "1 AES128 HEX:00112233445566778899aabbccddeeff\n"
                                "2 AES128 HEX:ff112233445566778899aabbccddee00\n";
    g_autoptr(VtNtpKeys) keys = vt_ntp_keys_parse(text, "a", NULL);
    g_autoptr(VtNtpKeys) others = vt_ntp_keys_parse(other, "b", NULL);

    g_assert_true(vt_ntp_keys_have_same(keys, others, 1));
    g_assert_false(vt_ntp_keys_have_same(keys, others, 2));
    g_assert_true(vt_ntp_keys_have_same(keys, others, 3));
    g_assert_false(vt_ntp_keys_have_same(keys, NULL, 1));
    g_assert_true(vt_ntp_keys_have_same(NULL, NULL, 1));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autofree char *path = g_strconcat("/proto/ntp-keys/", vectors[i].name, NULL);
        g_test_add_data_func(path, &vectors[i], test_vector);
    }
    g_test_add_func("/proto/ntp-keys/keys-are-found-by-number", test_keys_are_found_by_number);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strconcat("/proto/ntp-keys/refuses-", refusals[i].name, NULL);
        g_test_add_data_func(path, &refusals[i], test_refusal);
    }
    g_test_add_func("/proto/ntp-keys/same-keys-are-told-from-others",
                    test_same_keys_are_told_from_others);
    return g_test_run();
}
