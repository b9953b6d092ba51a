/* SPDX-License-Identifier: MIT */
/* Why there is no stream to the other node: tries to connect that come to nothing, and streams that
 * end before a hello, which are counted. Each reason is told once in a while, however often and by
 * whomever it is brought about. */
#ifndef PAIR_REFUSAL_H
#define PAIR_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct l2tpha_pair;
struct stream;

#define REFUSAL_REASONS 16

/* A reason that was logged. */
struct refusal {
    const char *why; /* static; NULL = an empty place */
    unsigned which;  /* of the others; OTHERS_NONE: of whoever */
    uint64_t logged_at;
};

struct refusals {
    uint64_t count;   /* of streams */
    const char *last; /* static; NULL = none since there was a stream */
    struct refusal reasons[REFUSAL_REASONS];
};

/* Whether these, the first bytes of a stream that is not sealed here, are sealed there. */
bool refusal_is_sealed(const uint8_t *data, size_t len);

/* A try to connect to one of the others has failed: errno. */
void refusals_take_connect(struct refusals *refusals, struct l2tpha_pair *pair, unsigned which,
                           int error);
/* A stream has ended before its hello: an error of the library, or errno with ECONNRESET for one
 * that the other end has closed and ETIMEDOUT for one that said nothing. */
void refusals_take_stream(struct refusals *refusals, const struct stream *stream, int error);
/* There is a stream: what is refused from now on is told at once. */
void refusals_clear(struct refusals *refusals);

#endif
