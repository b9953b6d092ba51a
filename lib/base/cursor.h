/* SPDX-License-Identifier: MIT */
/* Bounded reader and writer in network byte order. The first failure sticks: every later read gives
 * zero and every later write nothing, so a decoder reads straight down and asks once at the end. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/octets.h"

#include <l2tpha/error.h>
#include <string.h>

struct reader {
    const uint8_t *pos;
    const uint8_t *end;
    int error;       /* first error, 0 while all is well */
    const char *why; /* static text of the first error, NULL while all is well */
    uint32_t value;  /* the value that was refused */
};

struct reader reader_over(const uint8_t *data, size_t len);

static inline size_t reader_left(const struct reader *in)
{
    return in->pos ? (size_t)(in->end - in->pos) : 0;
}

/* Note the first error and exhaust the reader. Returns the sticky error. */
int reader_fail(struct reader *in, int error, const char *why, uint32_t value);

/* A view of the next len bytes; NULL and L2TPHA_ERR_TRUNCATED when there are fewer. */
const uint8_t *read_bytes(struct reader *in, size_t len);

uint8_t read_u8(struct reader *in);
uint16_t read_u16(struct reader *in);
uint32_t read_u32(struct reader *in);
uint64_t read_u64(struct reader *in);

/* A reader over the next len bytes, with the error of `in` if there are fewer. */
struct reader read_sub(struct reader *in, size_t len);

struct writer {
    uint8_t *start;
    uint8_t *pos;
    uint8_t *end;
    int error; /* L2TPHA_ERR_TOO_SMALL once something did not fit */
};

struct writer writer_over(uint8_t *data, size_t cap);

static inline size_t writer_len(const struct writer *out)
{
    return out->pos ? (size_t)(out->pos - out->start) : 0;
}

static inline size_t writer_left(const struct writer *out)
{
    return out->pos ? (size_t)(out->end - out->pos) : 0;
}

/* Note the first error and leave no room; what was written stays. Returns the sticky error. */
int writer_fail(struct writer *out, int error);

/* Reserve len bytes to be filled in by the caller; NULL when they do not fit. */
uint8_t *write_reserve(struct writer *out, size_t len);

void write_u8(struct writer *out, uint8_t value);
void write_u16(struct writer *out, uint16_t value);
void write_u32(struct writer *out, uint32_t value);
void write_u64(struct writer *out, uint64_t value);

void write_bytes(struct writer *out, const void *data, size_t len);

#endif
