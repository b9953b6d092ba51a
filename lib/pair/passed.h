/* SPDX-License-Identifier: MIT */
/* Descriptors under tags of the program's. */
#ifndef PAIR_PASSED_H
#define PAIR_PASSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct passed_entry {
    uint32_t tag;
    int fd;
    bool used;
};

/* All zero = empty. */
struct passed {
    struct passed_entry *entries; /* 2^n places, half of them free at least */
    size_t places, count;
};

/* -1 = none. */
int passed_find(const struct passed *passed, uint32_t tag);
/* In place of what is there; 0, L2TPHA_ERR_NOMEM or _LIMIT. */
int passed_put(struct passed *passed, uint32_t tag, int fd);
/* The one that was there, -1 = none. */
int passed_take(struct passed *passed, uint32_t tag);
/* Closing the descriptors if they are owned. */
void passed_clear(struct passed *passed, bool owned);

/* What is still to be told to one standby: tags, in their order. */
struct passed_queue {
    uint32_t *tags;
    size_t first, count, room;
};

/* 0, L2TPHA_ERR_NOMEM, or _LIMIT: whom it is for takes nothing. */
int passed_queue_put(struct passed_queue *queue, uint32_t tag);
/* All that are there. */
int passed_queue_all(struct passed_queue *queue, const struct passed *passed);
void passed_queue_clear(struct passed_queue *queue);

/* One descriptor of each tag through a socket of messages, -1 = forget it. */
bool passed_send(int channel, uint32_t tag, int fd); /* false with errno set */
/* 1 = one has come; 0 = the end; -1 with errno set. *fd: -1 = forget it, or, with *lost, one that
 * this process had no room for. */
int passed_receive(int channel, uint32_t *tag, int *fd, bool *lost);

#endif
