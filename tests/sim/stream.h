/* SPDX-License-Identifier: MIT */
/* One direction of a reliable byte stream with delay. When its writer dies, what is under way
 * arrives up to a point that the seed chooses. */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

#include "sim/world.h"

struct unit {
    struct unit *next;
    uint64_t at;
    uint64_t number; /* position of whole checkpoints, and of their acknowledgements */
    int status;
    size_t len;
    uint8_t data[];
};

struct stream {
    struct world *world;
    uint64_t delay;  /* us, at least */
    uint64_t jitter; /* us on top, at most */
    struct unit *head;
    struct unit **tail;
    uint64_t last; /* arrival of the last unit: nothing overtakes */
    size_t count;
};

void stream_init(struct stream *stream, struct world *world, uint64_t delay, uint64_t jitter);
/* Drop what is under way. */
void stream_clear(struct stream *stream);
/* A number and bytes that arrive together. */
void stream_put(struct stream *stream, uint64_t number, int status, const uint8_t *data,
                size_t len);
/* Bytes in pieces as a socket would cut them. */
void stream_write(struct stream *stream, const uint8_t *data, size_t len);
/* The writer is gone: of the units under way only the first few arrive. */
void stream_cut(struct stream *stream);
uint64_t stream_deadline(const struct stream *stream);
/* The next unit that is due, to be freed with free(); NULL = none. */
struct unit *stream_take(struct stream *stream);

#endif
