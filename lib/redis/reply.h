/* SPDX-License-Identifier: MIT */
/* What a server answers, read by hiredis within limits: a server that is not one, or is no friend,
 * costs a bounded amount of memory, and a connection. */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#define REPLY_MAX (64u << 20) /* octets of one that is read */
#define REPLY_ELEMENTS 4096   /* ... and elements, those of arrays in it included */

struct reply {
    int type; /* REDIS_REPLY_... */
    long long integer;
    const char *text; /* STRING, STATUS, ERROR: ends with a zero besides */
    size_t len;
    uint32_t count; /* ARRAY */
    struct reply **items;
};

struct replies {
    redisReader *reader; /* NULL = none */
    uint32_t elements;   /* of the one that is being read */
};

/* For a connection that begins. */
int replies_begin(struct replies *replies);
void replies_end(struct replies *replies);
/* More of what has come. L2TPHA_ERR_LIMIT: it is too much. */
int replies_feed(struct replies *replies, const uint8_t *data, size_t len);
/* The next one, to be freed; NULL = it is not whole yet. L2TPHA_ERR_RECORD: this is no answer. */
int replies_next(struct replies *replies, struct reply **reply);

/* Whether it is text, and this one. */
bool reply_is(const struct reply *reply, const char *text);
/* Whether it is an error that begins with this word. */
bool reply_fails(const struct reply *reply, const char *word);
/* Text; "" if it is none. */
const char *reply_text(const struct reply *reply);
/* An array's element; NULL = there is none. */
const struct reply *reply_item(const struct reply *reply, uint32_t index);

#endif
