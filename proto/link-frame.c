/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/link-frame.h"

#include <zlib.h>

#include <glib.h>

#include "proto/byte-writer.h"

size_t
vt_link_frame_encode(const VtLinkFrame *frame, uint8_t ret_bytes[VT_LINK_MAX_FRAME_BYTES])
{
    g_assert(frame->payload_bytes <= VT_LINK_MAX_PAYLOAD_BYTES);

    VtByteWriter writer;
    vt_byte_writer_init(&writer, ret_bytes, VT_LINK_MAX_FRAME_BYTES);
    vt_byte_writer_put_le32(&writer, VT_LINK_MAGIC);
    vt_byte_writer_put_u8(&writer, frame->version);
    vt_byte_writer_put_u8(&writer, frame->type);
    vt_byte_writer_put_le16(&writer, frame->payload_bytes);
    vt_byte_writer_put_le32(&writer, frame->sequence);
    vt_byte_writer_put_bytes(&writer, frame->payload, frame->payload_bytes);
    vt_byte_writer_put_le32(&writer, (uint32_t)crc32(0, ret_bytes, (uInt)writer.n_bytes));
    return writer.n_bytes;
}
