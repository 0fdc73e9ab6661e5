/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The examples of docs/protocol.md are what the encoders write today: each is encoded here,
 * dumped, and looked up in the page. What fails prints the dump that ought to stand there.
 */
#include <string.h>

#include <glib.h>

#include "proto/link-frame.h"
#include "proto/link-message.h"

#define HOST_NONCE     UINT64_C(0x1122334455667788)
#define GUEST_NONCE    UINT64_C(0xa1a2a3a4a5a6a7a8)
#define EXCHANGE_NONCE UINT64_C(0x0102030405060708)
#define BYTES_PER_LINE 16

static const VtLinkEventId example_event = { UINT64_C(0xc0c1c2c3c4c5c6c7), 3 };

static void
encode_hello_host(VtLinkFrame *frame)
{
    VtLinkHello hello = {
        .nonce = HOST_NONCE,
        .peer_nonce = GUEST_NONCE,
        .epoch = 5,
        .version_least = 1,
        .version_greatest = 1,
        .mode = VT_LINK_MODE_FULL,
        .n_addresses = 1,
        .addresses = { { .family = 4, .port = 123, .address = { 192, 0, 2, 1 } } },
    };
    vt_link_hello_encode(&hello, frame);
}

static void
encode_hello_guest(VtLinkFrame *frame)
{
    VtLinkHello hello = {
        .nonce = GUEST_NONCE,
        .version_least = 1,
        .version_greatest = 1,
    };
    vt_link_hello_encode(&hello, frame);
}

static void
encode_time_request(VtLinkFrame *frame)
{
    VtLinkTime time = {
        .session = HOST_NONCE,
        .nonce = EXCHANGE_NONCE,
        .epoch = 5,
        .packet = {
            .version = 4,
            .mode = VT_NTP_MODE_CLIENT,
            .precision_log2_sec = -24,
            .transmit = UINT64_C(0xeb1f040080000000),
        },
    };
    vt_link_time_encode(&time, VT_LINK_TIME_REQUEST, frame);
}

static void
encode_time_reply(VtLinkFrame *frame)
{
    VtLinkTime time = {
        .session = HOST_NONCE,
        .nonce = EXCHANGE_NONCE,
        .epoch = 5,
        .packet = {
            .version = 4,
            .mode = VT_NTP_MODE_SERVER,
            .stratum = 2,
            .precision_log2_sec = -24,
            .root_delay = 0x00000100,
            .root_dispersion = 0x00000040,
            .reference_id = 0xc0000202,
            .reference = UINT64_C(0xeb1f03f000000000),
            .origin = UINT64_C(0xeb1f040080000000),
            .receive = UINT64_C(0xeb1f0405c0000000),
            .transmit = UINT64_C(0xeb1f0405c0010000),
        },
    };
    vt_link_time_encode(&time, VT_LINK_TIME_REPLY, frame);
}

static void
encode_notice(VtLinkFrame *frame)
{
    VtLinkNotice notice = {
        .session = HOST_NONCE,
        .event = example_event,
        .epoch = 6,
        .cause = VT_LINK_CAUSE_RESUMED,
        .flags = VT_LINK_NOTICE_HOST_SYNCHRONISED | VT_LINK_NOTICE_STAND_STILL_KNOWN,
        .seen_at = { INT64_C(1735689605750000000) },
        .stand_still_ns = 5 * VT_NS_PER_SEC,
        .host_error_ns = VT_NS_PER_MS,
    };
    vt_link_notice_encode(&notice, frame);
}

static void
encode_ack(VtLinkFrame *frame)
{
    VtLinkAck ack = {
        .session = HOST_NONCE,
        .event = example_event,
        .action = VT_LINK_ACTION_STEPPED,
        .offset_ns = 5 * VT_NS_PER_SEC,
        .residual_ns = -20 * VT_NS_PER_US,
        .error_ns = 150 * VT_NS_PER_US,
        .first_hint_at = { 60 * VT_NS_PER_SEC },
        .corrected_at = { 60 * VT_NS_PER_SEC + 3 * VT_NS_PER_MS },
        .reference = "link",
    };
    vt_link_ack_encode(&ack, frame);
}

static void
encode_report(VtLinkFrame *frame)
{
    VtLinkReport report = {
        .session = HOST_NONCE,
        .state = 3,
        .flags = VT_LINK_REPORT_SYNCHRONISED,
        .stratum = 3,
        .offset_ns = -1500,
        .error_ns = 150 * VT_NS_PER_US,
        .rate_ppb = 1234,
        .root_distance_ns = 3 * VT_NS_PER_MS,
        .reference = "link",
    };
    vt_link_report_encode(&report, frame);
}

typedef struct {
    const char *name;
    void (*encode)(VtLinkFrame *frame);
    uint32_t sequence;
} Example;

static const Example examples[] = {
    { "hello-of-guest", encode_hello_guest, 0 },
    { "hello-of-host", encode_hello_host, 0 },
    { "time-request", encode_time_request, 2 },
    { "time-reply", encode_time_reply, 1 },
    { "notice", encode_notice, 2 },
    { "ack", encode_ack, 3 },
    { "report", encode_report, 4 },
};

static char *
dump(const uint8_t *bytes, size_t n_bytes)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < n_bytes; i++) {
        if (i % BYTES_PER_LINE == 0)
            g_string_append_printf(text, "    %03zx ", i);
        bool is_last_in_line = i % BYTES_PER_LINE == BYTES_PER_LINE - 1 || i == n_bytes - 1;
        g_string_append_printf(text, " %02x%s", bytes[i], is_last_in_line ? "\n" : "");
    }
    return g_string_free(text, FALSE);
}

static void
test_example_is_on_the_page(const void *data)
{
    const Example *example = data;
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "../docs/protocol.md", NULL);
    g_autofree char *page = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &page, NULL, &error);
    g_assert_no_error(error);
    VtLinkFrame frame = { .version = VT_LINK_VERSION, .sequence = example->sequence };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];

    example->encode(&frame);
    g_autofree char *expected = dump(bytes, vt_link_frame_encode(&frame, bytes));

    if (strstr(page, expected) == NULL) {
        g_test_message("docs/protocol.md lacks the %s:\n%s", example->name, expected);
        g_test_fail();
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
        g_autofree char *path =
            g_strdup_printf("/proto/protocol-page/shows-%s", examples[i].name);
        g_test_add_data_func(path, &examples[i], test_example_is_on_the_page);
    }
    return g_test_run();
}
