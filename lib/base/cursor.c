/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"

struct reader reader_over(const uint8_t *data, size_t len)
{
    return (struct reader){.pos = data, .end = data ? data + len : data};
}

int reader_fail(struct reader *in, int error, const char *why, uint32_t value)
{
    if (in->error == 0) {
        in->error = error;
        in->why = why;
        in->value = value;
    }
    in->pos = in->end;
    return in->error;
}

const uint8_t *read_bytes(struct reader *in, size_t len)
{
    const uint8_t *bytes = in->pos;

    if (len > reader_left(in)) {
        reader_fail(in, L2TPHA_ERR_TRUNCATED, "input ends too early", (uint32_t)len);
        return NULL;
    }
    if (len > 0) /* nothing may be added to a NULL pointer, not even 0 */
        in->pos += len;
    return bytes;
}

uint8_t read_u8(struct reader *in)
{
    const uint8_t *p = read_bytes(in, 1);
    return p ? *p : 0;
}

uint16_t read_u16(struct reader *in)
{
    const uint8_t *p = read_bytes(in, 2);
    return p ? get_u16(p) : 0;
}

uint32_t read_u32(struct reader *in)
{
    const uint8_t *p = read_bytes(in, 4);
    return p ? get_u32(p) : 0;
}

uint64_t read_u64(struct reader *in)
{
    const uint8_t *p = read_bytes(in, 8);
    return p ? get_u64(p) : 0;
}

struct reader read_sub(struct reader *in, size_t len)
{
    const uint8_t *bytes = read_bytes(in, len);
    struct reader sub = reader_over(bytes, bytes ? len : 0);

    sub.error = in->error;
    sub.why = in->why;
    sub.value = in->value;
    return sub;
}

struct writer writer_over(uint8_t *data, size_t cap)
{
    return (struct writer){.start = data, .pos = data, .end = data ? data + cap : data};
}

int writer_fail(struct writer *out, int error)
{
    if (out->error == 0)
        out->error = error;
    out->end = out->pos;
    return out->error;
}

uint8_t *write_reserve(struct writer *out, size_t len)
{
    uint8_t *bytes = out->pos;

    if (len > writer_left(out)) {
        writer_fail(out, L2TPHA_ERR_TOO_SMALL);
        return NULL;
    }
    if (len > 0)
        out->pos += len;
    return bytes;
}

void write_u8(struct writer *out, uint8_t value)
{
    uint8_t *p = write_reserve(out, 1);
    if (p)
        *p = value;
}

void write_u16(struct writer *out, uint16_t value)
{
    uint8_t *p = write_reserve(out, 2);
    if (p)
        put_u16(p, value);
}

void write_u32(struct writer *out, uint32_t value)
{
    uint8_t *p = write_reserve(out, 4);
    if (p)
        put_u32(p, value);
}

void write_u64(struct writer *out, uint64_t value)
{
    uint8_t *p = write_reserve(out, 8);
    if (p)
        put_u64(p, value);
}

void write_bytes(struct writer *out, const void *data, size_t len)
{
    uint8_t *p = write_reserve(out, len);
    if (p && len > 0)
        memcpy(p, data, len);
}
