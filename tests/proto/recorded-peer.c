/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/proto/recorded-peer.h"

#include <string.h>

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/byte-writer.h"

static size_t
parse_line(const char *line, uint8_t ret_bytes[VT_LINK_MAX_FRAME_BYTES])
{
    size_t n_bytes = strlen(line) / 2;
    g_assert_cmpuint(n_bytes, <=, VT_LINK_MAX_FRAME_BYTES);
    for (size_t i = 0; i < n_bytes; i++) {
        int high = g_ascii_xdigit_value(line[2 * i]);
        int low = g_ascii_xdigit_value(line[2 * i + 1]);
        g_assert_cmpint(high, >=, 0);
        g_assert_cmpint(low, >=, 0);
        ret_bytes[i] = (uint8_t)(high * 16 + low);
    }
    return n_bytes;
}

static VtLinkFrame
parse_frame(const char *line)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    uint8_t again[VT_LINK_MAX_FRAME_BYTES];
    VtLinkFrame frame = { 0 };
    VtByteReader reader;
    size_t n_bytes = parse_line(line, bytes);

    vt_byte_reader_init(&reader, bytes, n_bytes);
    g_assert_cmphex(vt_byte_reader_take_le32(&reader), ==, VT_LINK_MAGIC);
    frame.version = vt_byte_reader_take_u8(&reader);
    frame.type = vt_byte_reader_take_u8(&reader);
    frame.payload_bytes = vt_byte_reader_take_le16(&reader);
    frame.sequence = vt_byte_reader_take_le32(&reader);
    vt_byte_reader_take_bytes(&reader, frame.payload, frame.payload_bytes);
    /* The frame never changes: what today's encoder makes of it is what was recorded. */
    g_assert_cmpmem(again, vt_link_frame_encode(&frame, again), bytes, n_bytes);
    return frame;
}

void
recorded_peer_load(RecordedPeer *peer, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".hex", NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "proto", "peers", file, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    *peer = (RecordedPeer){ 0 };
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line == '#' || **line == '\0')
            continue;
        g_assert_cmpuint(peer->n_frames, <, RECORDED_PEER_MAX_FRAMES);
        peer->frames[peer->n_frames] = parse_frame(*line);
        peer->n_frames += 1;
    }
    g_assert_cmpuint(peer->n_frames, >, 0);
}

void
recorded_frame_set_nonce(VtLinkFrame *frame, size_t offset, uint64_t nonce)
{
    VtByteWriter writer;
    g_assert_cmpuint(offset + sizeof nonce, <=, frame->payload_bytes);
    vt_byte_writer_init(&writer, frame->payload + offset, sizeof nonce);
    vt_byte_writer_put_le64(&writer, nonce);
}
