/* SPDX-License-Identifier: MIT */
#include "redundancy/link_frame.h"

#include "base/assert.h"

_Static_assert(FRAME_HEADER == FRAME_LENGTH + 1 + 8, "length, type, epoch");
_Static_assert(HELLO_BODY == 4 + 2 + 2 + 4 + 1 + 8 + 8 + 4 + 4 + 8, "what hello_write() writes");

void frame_reader_init(struct frame_reader *reader, TALLOC_CTX *parent)
{
    byte_queue_init(&reader->partial, parent, FRAME_MAX);
    reader->whole = false;
}

/* Bytes of the frame that starts with this length field, 0 = impossible. */
static size_t frame_size(const uint8_t *data)
{
    uint32_t length = get_u32(data);

    if (length < FRAME_HEADER - FRAME_LENGTH || length > FRAME_MAX - FRAME_LENGTH)
        return 0;
    return FRAME_LENGTH + (size_t)length;
}

static void frame_read(const uint8_t *data, size_t size, struct link_frame *frame)
{
    struct reader in = reader_over(data, size);

    read_u32(&in);
    frame->type = read_u8(&in);
    frame->epoch = read_u64(&in);
    frame->len = reader_left(&in);
    frame->body = read_bytes(&in, frame->len);
}

static void skip(const uint8_t **data, size_t *len, size_t used)
{
    *data += used;
    *len -= used;
}

/* Have `want` bytes in partial. 1 = there they are, 0 = the input is used up. */
static int collect(struct frame_reader *reader, size_t want, const uint8_t **data, size_t *len)
{
    size_t held = byte_queue_len(&reader->partial);
    size_t used = want > held ? want - held : 0;
    int error;

    if (used > *len)
        used = *len;
    if (used > 0) {
        uint8_t *room = byte_queue_add(&reader->partial, used, &error);
        if (!room)
            return error;
        memcpy(room, *data, used);
        skip(data, len, used);
    }
    return byte_queue_len(&reader->partial) >= want;
}

/* The frame that spans pieces: no more is taken than completes it. */
static int collect_frame(struct frame_reader *reader, const uint8_t **data, size_t *len,
                         struct link_frame *frame)
{
    int got = collect(reader, FRAME_LENGTH, data, len);
    if (got <= 0)
        return got;

    size_t size = frame_size(byte_queue_data(&reader->partial));
    if (size == 0)
        return L2TPHA_ERR_LINK;
    got = collect(reader, size, data, len);
    if (got <= 0)
        return got;
    frame_read(byte_queue_data(&reader->partial), size, frame);
    reader->whole = true;
    return 1;
}

int frame_next(struct frame_reader *reader, const uint8_t **data, size_t *len,
               struct link_frame *frame)
{
    if (reader->whole)
        byte_queue_take(&reader->partial, SIZE_MAX);
    reader->whole = false;
    if (*len == 0)
        return 0;
    if (byte_queue_len(&reader->partial) > 0 || *len < FRAME_LENGTH)
        return collect_frame(reader, data, len, frame);

    size_t size = frame_size(*data);
    if (size == 0)
        return L2TPHA_ERR_LINK;
    if (size > *len)
        return collect_frame(reader, data, len, frame);
    frame_read(*data, size, frame);
    skip(data, len, size);
    return 1;
}

#ifndef __OPTIMIZE_SIZE__
size_t frames_ahead(const uint8_t *data, size_t len, struct l2tpha_bytes *checkpoints, size_t max)
{
    struct link_frame frame;
    size_t count = 0, size;

    while (count < max && len >= FRAME_LENGTH && (size = frame_size(data)) > 0 && size <= len) {
        frame_read(data, size, &frame);
        if (frame.type != FRAME_CHECKPOINT)
            break;
        checkpoints[count++] = (struct l2tpha_bytes){frame.body, frame.len};
        skip(&data, &len, size);
    }
    return count;
}
#endif

int frame_begin(struct byte_queue *queue, uint8_t type, uint64_t epoch, size_t len,
                struct writer *out)
{
    int error;

    ASSERT(NULL, len <= FRAME_BODY_MAX);
    uint8_t *room = byte_queue_add(queue, FRAME_HEADER + len, &error);

    if (!room)
        return error;
    *out = writer_over(room, FRAME_HEADER + len);
    write_u32(out, (uint32_t)(FRAME_HEADER - FRAME_LENGTH + len));
    write_u8(out, type);
    write_u64(out, epoch);
    return L2TPHA_OK;
}

size_t hello_len(const struct link_hello *hello)
{
    return HELLO_BODY + HELLO_TAIL + hello->serializer.len + hello->node.len;
}

static void write_name(struct writer *out, struct l2tpha_bytes name)
{
    write_u8(out, (uint8_t)name.len);
    write_bytes(out, name.data, name.len);
}

static struct l2tpha_bytes read_name(struct reader *in)
{
    size_t len = read_u8(in);

    return (struct l2tpha_bytes){read_bytes(in, len), len};
}

void hello_write(struct writer *out, const struct link_hello *hello)
{
    write_u32(out, LINK_MAGIC);
    write_u16(out, hello->version_min);
    write_u16(out, hello->version_max);
    write_u32(out, hello->capabilities);
    write_u8(out, hello->side);
    write_u64(out, hello->last);
    write_u64(out, hello->fingerprint);
    write_u32(out, hello->heartbeat_ms);
    write_u32(out, hello->rank);
    write_u64(out, hello->copy);
    write_u32(out, hello->level);
    write_u32(out, hello->level_min);
    write_name(out, hello->serializer);
    write_name(out, hello->node);
    ASSERT(NULL, writer_left(out) == 0 && !out->error);
}

int hello_read(const struct link_frame *frame, struct link_hello *hello)
{
    struct reader in = reader_over(frame->body, frame->len);

    *hello = (struct link_hello){.rank = L2TPHA_RANK_NONE};
    if (read_u32(&in) != LINK_MAGIC)
        return L2TPHA_ERR_LINK;
    hello->version_min = read_u16(&in);
    hello->version_max = read_u16(&in);
    hello->capabilities = read_u32(&in);
    hello->side = read_u8(&in);
    hello->last = read_u64(&in);
    hello->fingerprint = read_u64(&in);
    hello->heartbeat_ms = read_u32(&in);
    hello->rank = reader_left(&in) >= 4 ? read_u32(&in) : L2TPHA_RANK_NONE;
    hello->copy = reader_left(&in) >= 8 ? read_u64(&in) : 0;
    hello->level = hello->level_min = 1; /* the first release's, which says no more */
    hello->serializer = hello->node = (struct l2tpha_bytes){NULL, 0};
    if (reader_left(&in) >= HELLO_TAIL) {
        hello->level = read_u32(&in);
        hello->level_min = read_u32(&in);
        hello->serializer = read_name(&in);
        hello->node = read_name(&in);
    }
    if (in.error || hello->version_min > hello->version_max || hello->level_min > hello->level ||
        hello->node.len > L2TPHA_NODE_NAME_MAX)
        return L2TPHA_ERR_LINK;
    if (hello->side != SIDE_ACTIVE && hello->side != SIDE_STANDBY)
        return L2TPHA_ERR_LINK;
    return L2TPHA_OK;
}

int number_read(const struct link_frame *frame, uint64_t *number)
{
    struct reader in = reader_over(frame->body, frame->len);

    *number = read_u64(&in);
    return in.error || reader_left(&in) > 0 ? L2TPHA_ERR_LINK : L2TPHA_OK;
}

int refuse_read(const struct link_frame *frame, int *error)
{
    struct reader in = reader_over(frame->body, frame->len);
    uint32_t word = read_u32(&in);

    if (in.error || reader_left(&in) > REFUSE_TEXT_MAX || word < 0x80000000u)
        return L2TPHA_ERR_LINK;
    *error = -(int)(UINT32_MAX - word) - 1;
    return L2TPHA_OK;
}
