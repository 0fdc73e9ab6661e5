/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/opener-message.h"

#define UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"

static const VtOpenerRequest request = {
    .kind = VT_OPENER_WAIT,
    .time_limit_ms = 0x01020304,
    .uuid = UUID,
    .uri = "qemu:///system",
};

static void
test_request_has_golden_bytes(void)
{
    static const uint8_t expected[] = "\x01\x02\x04\x03\x02\x01" UUID "qemu:///system";
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];
    VtOpenerRequest decoded;

    size_t n_bytes = vt_opener_request_encode(&request, bytes);

    g_assert_cmpmem(bytes, n_bytes, expected, sizeof expected - 1);
    g_assert_true(vt_opener_request_decode(bytes, n_bytes, &decoded));
    g_assert_cmpmem(&decoded, sizeof decoded, &request, sizeof request);
}

static void
test_malformed_requests_are_refused(void)
{
    static const struct {
        const char *name;
        size_t place;
        uint8_t byte;
    } rows[] = {
        { "unknown version", 0, 2 },           { "unknown kind", 1, 3 },
        { "upper case in the UUID", 7, 'A' },  { "no dash", 14, '0' },
        { "dash instead of a digit", 6, '-' }, { "NUL in the URI", 46, 0 },
        { "blank in the URI", 46, ' ' },       { "line end in the URI", 46, '\n' },
    };
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES];
    size_t n_bytes = vt_opener_request_encode(&request, bytes);
    VtOpenerRequest decoded;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        uint8_t damaged[VT_OPENER_MAX_REQUEST_BYTES];
        memcpy(damaged, bytes, n_bytes);
        damaged[rows[i].place] = rows[i].byte;
        g_assert_false(vt_opener_request_decode(damaged, n_bytes, &decoded));
    }
}

static void
test_request_has_two_ends(void)
{
    uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES + 1];
    size_t n_head_bytes = 6 + VT_OPENER_UUID_CHARACTERS;
    VtOpenerRequest decoded;
    vt_opener_request_encode(&request, bytes);
    memset(bytes + n_head_bytes, 'u', sizeof bytes - n_head_bytes);

    for (size_t n_bytes = 0; n_bytes <= n_head_bytes; n_bytes++)
        g_assert_false(vt_opener_request_decode(bytes, n_bytes, &decoded));
    g_assert_true(vt_opener_request_decode(bytes, n_head_bytes + 1, &decoded));
    g_assert_true(vt_opener_request_decode(bytes, VT_OPENER_MAX_REQUEST_BYTES, &decoded));
    g_assert_cmpuint(strlen(decoded.uri), ==, VT_OPENER_MAX_URI_BYTES);
    g_assert_false(vt_opener_request_decode(bytes, sizeof bytes, &decoded));
}

static void
test_uuid_is_that_of_libvirt(void)
{
    g_assert_true(vt_opener_is_uuid(UUID));
    g_assert_false(vt_opener_is_uuid(""));
    g_assert_false(vt_opener_is_uuid("6695eb01"));
    g_assert_false(vt_opener_is_uuid(UUID "0"));
    g_assert_false(vt_opener_is_uuid("6695EB01-f6a4-8304-79aa-97f2502e193f"));
    g_assert_false(vt_opener_is_uuid("../../../../../../../../etc/shadow00"));
}

static void
test_reply_comes_back(void)
{
    VtOpenerReply reply = { .code = VT_OPENER_NOT_FOUND, .text = "no such domain" };
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES];
    VtOpenerReply decoded;

    size_t n_bytes = vt_opener_reply_encode(&reply, bytes);

    g_assert_cmpuint(n_bytes, ==, 2 + strlen(reply.text));
    g_assert_true(vt_opener_reply_decode(bytes, n_bytes, &decoded));
    g_assert_cmpuint(decoded.code, ==, VT_OPENER_NOT_FOUND);
    g_assert_cmpstr(decoded.text, ==, "no such domain");
}

static void
test_reply_carries_printable_text_alone(void)
{
    VtOpenerReply reply = { .text = "a\x1b[2Jb" };
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES];
    VtOpenerReply decoded;

    size_t n_bytes = vt_opener_reply_encode(&reply, bytes);
    g_assert_true(vt_opener_reply_decode(bytes, n_bytes, &decoded));
    g_assert_cmpstr(decoded.text, ==, "a?[2Jb");

    bytes[2] = 0x1b;
    g_assert_false(vt_opener_reply_decode(bytes, n_bytes, &decoded));
}

static void
test_malformed_replies_are_refused(void)
{
    uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES + 1] = { 1, VT_OPENER_OK };
    VtOpenerReply decoded;
    memset(bytes + 2, 'x', sizeof bytes - 2);

    g_assert_false(vt_opener_reply_decode(bytes, 0, &decoded));
    g_assert_false(vt_opener_reply_decode(bytes, 1, &decoded));
    g_assert_true(vt_opener_reply_decode(bytes, 2, &decoded));
    g_assert_false(vt_opener_reply_decode(bytes, sizeof bytes, &decoded));
    bytes[1] = VT_OPENER_N_CODES;
    g_assert_false(vt_opener_reply_decode(bytes, 2, &decoded));
    bytes[1] = VT_OPENER_OK;
    bytes[0] = 2;
    g_assert_false(vt_opener_reply_decode(bytes, 2, &decoded));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add_func("/proto/opener-message/" path, function)
    add("request-has-golden-bytes", test_request_has_golden_bytes);
    add("malformed-requests-are-refused", test_malformed_requests_are_refused);
    add("request-has-two-ends", test_request_has_two_ends);
    add("uuid-is-that-of-libvirt", test_uuid_is_that_of_libvirt);
    add("reply-comes-back", test_reply_comes_back);
    add("reply-carries-printable-text-alone", test_reply_carries_printable_text_alone);
    add("malformed-replies-are-refused", test_malformed_replies_are_refused);
    return g_test_run();
}
