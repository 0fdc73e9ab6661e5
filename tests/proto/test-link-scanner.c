/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <glib.h>

#include "proto/link-scanner.h"

/* A stream under construction and what was found in it. */
typedef struct {
    GByteArray *bytes;
    VtLinkScanner scanner;
    GArray *found; /* of VtLinkFrame */
} Stream;

static Stream
begin_stream(void)
{
    return (Stream){
        .bytes = g_byte_array_new(),
        .found = g_array_new(FALSE, FALSE, sizeof(VtLinkFrame)),
    };
}

static void
end_stream(Stream *stream)
{
    g_byte_array_unref(stream->bytes);
    g_array_unref(stream->found);
}

static void
append_bytes(Stream *stream, const void *bytes, size_t n_bytes)
{
    g_byte_array_append(stream->bytes, bytes, (guint)n_bytes);
}

static void
append_text(Stream *stream, const char *text)
{
    append_bytes(stream, text, strlen(text));
}

static VtLinkFrame
make_frame(uint32_t sequence, uint16_t payload_bytes)
{
    VtLinkFrame frame = {
        .version = VT_LINK_VERSION,
        .type = VT_LINK_REPORT,
        .payload_bytes = payload_bytes,
        .sequence = sequence,
    };
    for (size_t i = 0; i < payload_bytes; i++)
        frame.payload[i] = (uint8_t)(i + sequence);
    return frame;
}

/* Appends all of the frame but its last @n_lost bytes. */
static void
append_frame(Stream *stream, const VtLinkFrame *frame, size_t n_lost)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    size_t n_bytes = vt_link_frame_encode(frame, bytes);
    append_bytes(stream, bytes, n_bytes - n_lost);
}

/* Feeds the stream in pieces of @piece_bytes, which it empties. */
static void
feed(Stream *stream, size_t piece_bytes)
{
    for (size_t fed = 0; fed < stream->bytes->len; fed += piece_bytes) {
        const uint8_t *bytes = stream->bytes->data + fed;
        size_t n_bytes = MIN(piece_bytes, stream->bytes->len - fed);
        VtLinkFrame frame;
        while (vt_link_scanner_next(&stream->scanner, &bytes, &n_bytes, &frame))
            g_array_append_val(stream->found, frame);
        g_assert_cmpuint(n_bytes, ==, 0);
    }
    g_byte_array_set_size(stream->bytes, 0);
}

static void
assert_frame(const Stream *stream, guint index, const VtLinkFrame *expected)
{
    g_assert_cmpuint(stream->found->len, >, index);
    const VtLinkFrame *frame = &g_array_index(stream->found, VtLinkFrame, index);
    g_assert_cmpuint(frame->version, ==, expected->version);
    g_assert_cmpuint(frame->type, ==, expected->type);
    g_assert_cmpuint(frame->sequence, ==, expected->sequence);
    g_assert_cmpmem(frame->payload, frame->payload_bytes, expected->payload,
                    expected->payload_bytes);
}

static void
test_finds_frames_however_they_are_cut(void)
{
    static const uint16_t sizes[] = { 0, 1, 54, VT_LINK_MAX_PAYLOAD_BYTES };

    for (size_t piece_bytes = 1; piece_bytes <= 2 * VT_LINK_MAX_FRAME_BYTES; piece_bytes++) {
        Stream stream = begin_stream();
        for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            VtLinkFrame frame = make_frame(i, sizes[i]);
            append_frame(&stream, &frame, 0);
        }

        feed(&stream, piece_bytes);

        g_assert_cmpuint(stream.found->len, ==, G_N_ELEMENTS(sizes));
        for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
            VtLinkFrame frame = make_frame(i, sizes[i]);
            assert_frame(&stream, i, &frame);
        }
        g_assert_cmpuint(stream.scanner.counters.n_frames, ==, G_N_ELEMENTS(sizes));
        g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==, 0);
        end_stream(&stream);
    }
}

static void
test_hands_out_one_frame_a_call(void)
{
    Stream stream = begin_stream();
    VtLinkFrame first = make_frame(1, 10);
    append_frame(&stream, &first, 0);
    guint first_bytes = stream.bytes->len;
    append_frame(&stream, &first, 0);
    const uint8_t *bytes = stream.bytes->data;
    size_t n_bytes = stream.bytes->len;
    VtLinkFrame frame;

    g_assert_true(vt_link_scanner_next(&stream.scanner, &bytes, &n_bytes, &frame));

    g_assert_cmpuint(n_bytes, ==, first_bytes);
    g_assert_true(bytes == stream.bytes->data + first_bytes);
    end_stream(&stream);
}

static void
test_lost_tail_delays_nothing(void)
{
    VtLinkFrame lost = make_frame(1, VT_LINK_MAX_PAYLOAD_BYTES);
    VtLinkFrame good = make_frame(2, 0);

    for (size_t n_lost = 1; n_lost < VT_LINK_MAX_FRAME_BYTES; n_lost++) {
        Stream stream = begin_stream();
        append_frame(&stream, &lost, n_lost);
        append_frame(&stream, &good, 0);

        feed(&stream, SIZE_MAX / 2);

        /* At once, although the first frame still claims more bytes than there are. */
        g_assert_cmpuint(stream.found->len, ==, 1);
        assert_frame(&stream, 0, &good);
        g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==,
                         VT_LINK_MAX_FRAME_BYTES - n_lost);
        end_stream(&stream);
    }
}

static void
test_lost_tail_hides_no_frame(void)
{
    VtLinkFrame lost = make_frame(1, VT_LINK_MAX_PAYLOAD_BYTES);

    for (size_t piece_bytes = 1; piece_bytes <= VT_LINK_MAX_FRAME_BYTES; piece_bytes++) {
        Stream stream = begin_stream();
        append_frame(&stream, &lost, VT_LINK_MAX_FRAME_BYTES - 20);
        for (uint32_t i = 0; i < 12; i++) {
            VtLinkFrame good = make_frame(i, (uint16_t)i);
            append_frame(&stream, &good, 0);
        }

        feed(&stream, piece_bytes);

        /* In order and none twice, although all lie within what the first one claims. */
        g_assert_cmpuint(stream.found->len, ==, 12);
        for (uint32_t i = 0; i < 12; i++) {
            VtLinkFrame good = make_frame(i, (uint16_t)i);
            assert_frame(&stream, i, &good);
        }
        end_stream(&stream);
    }
}

static void
test_lost_head_is_rubbish(void)
{
    Stream stream = begin_stream();
    VtLinkFrame lost = make_frame(1, 40);
    VtLinkFrame good = make_frame(2, 40);
    append_frame(&stream, &lost, 0);
    g_byte_array_remove_range(stream.bytes, 0, 20);
    append_frame(&stream, &good, 0);

    feed(&stream, 7);

    g_assert_cmpuint(stream.found->len, ==, 1);
    assert_frame(&stream, 0, &good);
    g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==, 36);
    end_stream(&stream);
}

static void
test_magic_in_rubbish_hides_nothing(void)
{
    static const char *const rubbish[] = {
        "V",
        "VT",
        "VTL",
        "VTLK",
        "VVTLK",
        "VTVTLKVTL",
        "VTLKVTLKVTLKVTLK",
        "VTLKVTLKVTLKVTLKVTLKVTLKVTLKVTLKVTLKVTLK",
        "xxVTLK\1\1\1",
    };
    VtLinkFrame good = make_frame(7, 30);

    for (size_t i = 0; i < G_N_ELEMENTS(rubbish); i++) {
        for (size_t piece_bytes = 1; piece_bytes < 100; piece_bytes++) {
            Stream stream = begin_stream();
            append_text(&stream, rubbish[i]);
            append_frame(&stream, &good, 0);

            feed(&stream, piece_bytes);

            g_assert_cmpuint(stream.found->len, ==, 1);
            assert_frame(&stream, 0, &good);
            g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==, strlen(rubbish[i]));
            end_stream(&stream);
        }
    }
}

static void
test_length_above_the_limit_is_counted(void)
{
    Stream stream = begin_stream();
    VtLinkFrame good = make_frame(1, 5);
    /* 497, one too many. */
    append_bytes(&stream, "VTLK\1\1\xf1\1", 8);
    append_frame(&stream, &good, 0);

    feed(&stream, 1);

    g_assert_cmpuint(stream.found->len, ==, 1);
    g_assert_cmpuint(stream.scanner.counters.n_bad_length, ==, 1);
    g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==, 8);
    end_stream(&stream);
}

static void
test_bad_crc_is_counted(void)
{
    Stream stream = begin_stream();
    VtLinkFrame bad = make_frame(1, 5);
    VtLinkFrame good = make_frame(2, 5);
    append_frame(&stream, &bad, 0);
    stream.bytes->data[stream.bytes->len - 1] ^= 1;
    append_frame(&stream, &good, 0);

    feed(&stream, SIZE_MAX / 2);

    g_assert_cmpuint(stream.found->len, ==, 1);
    assert_frame(&stream, 0, &good);
    g_assert_cmpuint(stream.scanner.counters.n_bad_crc, ==, 1);
    end_stream(&stream);
}

static void
test_versions_within_two_are_accepted(void)
{
    for (int version = 0; version <= UINT8_MAX; version++) {
        Stream stream = begin_stream();
        VtLinkFrame frame = make_frame(1, 5);
        frame.version = (uint8_t)version;
        append_frame(&stream, &frame, 0);

        feed(&stream, SIZE_MAX / 2);

        bool is_accepted = version >= 1 && version <= VT_LINK_VERSION + 2;
        g_assert_cmpuint(stream.found->len, ==, is_accepted);
        g_assert_cmpuint(stream.scanner.counters.n_bad_version, ==, !is_accepted);
        g_assert_cmpuint(stream.scanner.counters.n_rubbish_bytes, ==, 0);
        end_stream(&stream);
    }
}

static void
test_unknown_type_is_handed_out(void)
{
    Stream stream = begin_stream();
    VtLinkFrame unknown = make_frame(1, 100);
    unknown.type = 200;
    append_frame(&stream, &unknown, 0);

    feed(&stream, SIZE_MAX / 2);

    assert_frame(&stream, 0, &unknown);
    end_stream(&stream);
}

static void
test_reset_forgets_the_half_frame(void)
{
    Stream stream = begin_stream();
    VtLinkFrame half = make_frame(1, 20);
    VtLinkFrame good = make_frame(2, 20);
    append_frame(&stream, &good, 0);
    append_frame(&stream, &half, 1);
    feed(&stream, SIZE_MAX / 2);

    vt_link_scanner_reset(&stream.scanner);

    g_assert_cmpuint(stream.scanner.n_bytes, ==, 0);
    g_assert_cmpuint(stream.scanner.counters.n_frames, ==, 1);
    append_frame(&stream, &good, 0);
    feed(&stream, 1);
    g_assert_cmpuint(stream.found->len, ==, 2);
    assert_frame(&stream, 1, &good);
    end_stream(&stream);
}

/* One to eight flipped bits somewhere in a frame. */
static void
flip_bits(uint8_t *bytes, size_t n_bytes)
{
    int n_flips = g_test_rand_int_range(1, 9);
    for (int i = 0; i < n_flips; i++) {
        int bit = g_test_rand_int_range(0, (gint32)(8 * n_bytes));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void
test_flipped_bits_never_pass(void)
{
    for (int i = 0; i < 2000; i++) {
        Stream stream = begin_stream();
        VtLinkFrame damaged = make_frame(1, (uint16_t)g_test_rand_int_range(0, 497));
        VtLinkFrame good = make_frame(2, 54);
        append_frame(&stream, &damaged, 0);
        g_autofree uint8_t *original = g_memdup2(stream.bytes->data, stream.bytes->len);
        flip_bits(stream.bytes->data, stream.bytes->len);
        /* An even number of flips can undo itself. */
        bool is_damaged = memcmp(original, stream.bytes->data, stream.bytes->len) != 0;
        append_frame(&stream, &good, 0);

        feed(&stream, (size_t)g_test_rand_int_range(1, 700));

        g_assert_cmpuint(stream.found->len, ==, is_damaged ? 1 : 2);
        assert_frame(&stream, is_damaged ? 0 : 1, &good);
        end_stream(&stream);
    }
}

static void
test_random_bytes_hold_no_frame(void)
{
    Stream stream = begin_stream();
    /* Every fourth run of bytes a magic, or the scanner would have nothing to do. */
    while (stream.bytes->len < 100000) {
        uint32_t word = GUINT32_TO_LE((uint32_t)g_test_rand_int());
        if (g_test_rand_int_range(0, 4) == 0)
            append_text(&stream, "VTLK");
        append_bytes(&stream, &word, sizeof word);
    }
    uint64_t n_fed = stream.bytes->len;

    feed(&stream, 1000);

    const VtLinkScannerCounters *counters = &stream.scanner.counters;
    g_assert_cmpuint(stream.found->len, ==, 0);
    g_assert_cmpuint(counters->n_bad_version, ==, 0);
    g_assert_cmpuint(counters->n_rubbish_bytes + stream.scanner.n_bytes, ==, n_fed);
    g_assert_cmpuint(counters->n_bad_length, >, 0);
    end_stream(&stream);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/link-scanner/finds-frames-however-they-are-cut",
                    test_finds_frames_however_they_are_cut);
    g_test_add_func("/proto/link-scanner/hands-out-one-frame-a-call",
                    test_hands_out_one_frame_a_call);
    g_test_add_func("/proto/link-scanner/lost-tail-delays-nothing",
                    test_lost_tail_delays_nothing);
    g_test_add_func("/proto/link-scanner/lost-tail-hides-no-frame",
                    test_lost_tail_hides_no_frame);
    g_test_add_func("/proto/link-scanner/lost-head-is-rubbish", test_lost_head_is_rubbish);
    g_test_add_func("/proto/link-scanner/magic-in-rubbish-hides-nothing",
                    test_magic_in_rubbish_hides_nothing);
    g_test_add_func("/proto/link-scanner/length-above-the-limit-is-counted",
                    test_length_above_the_limit_is_counted);
    g_test_add_func("/proto/link-scanner/bad-crc-is-counted", test_bad_crc_is_counted);
    g_test_add_func("/proto/link-scanner/versions-within-two-are-accepted",
                    test_versions_within_two_are_accepted);
    g_test_add_func("/proto/link-scanner/unknown-type-is-handed-out",
                    test_unknown_type_is_handed_out);
    g_test_add_func("/proto/link-scanner/reset-forgets-the-half-frame",
                    test_reset_forgets_the_half_frame);
    g_test_add_func("/proto/link-scanner/flipped-bits-never-pass",
                    test_flipped_bits_never_pass);
    g_test_add_func("/proto/link-scanner/random-bytes-hold-no-frame",
                    test_random_bytes_hold_no_frame);
    return g_test_run();
}
