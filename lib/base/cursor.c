/* SPDX-License-Identifier: MIT */
#include "base/cursor.h"

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

struct reader read_sub(struct reader *in, size_t len)
{
    const uint8_t *bytes = read_bytes(in, len);
    struct reader sub = reader_over(bytes, bytes ? len : 0);

    sub.error = in->error;
    sub.why = in->why;
    sub.value = in->value;
    return sub;
}

int writer_fail(struct writer *out, int error)
{
    if (out->error == 0)
        out->error = error;
    out->end = out->pos;
    return out->error;
}

void write_bytes(struct writer *out, const void *data, size_t len)
{
    uint8_t *p = write_reserve(out, len);
    if (p && len > 0)
        memcpy(p, data, len);
}
