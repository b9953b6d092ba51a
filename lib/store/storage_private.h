/* SPDX-License-Identifier: MIT */
/* The state of a storage. */
#ifndef STORE_STORAGE_PRIVATE_H
#define STORE_STORAGE_PRIVATE_H

#include <l2tpha/redundancy.h>
#include <l2tpha/store.h>

#define LINES 2

/* A consumer of the node, and a stream of the store. */
struct line {
    uint32_t consumer; /* 0 = there is none */
    uint32_t stream;
    bool has_stream;
    bool serves;        /* it has been in sync */
    uint32_t level;     /* in force when it was begun */
    bool lost;          /* nothing more goes to the store by it: outputs wait */
    int status;         /* the store has taken no more, 0 = it does */
    uint64_t confirmed; /* position */
    uint64_t bytes, copy_bytes;
};

struct l2tpha_storage {
    struct l2tpha_storage_options options;
    struct l2tpha_node *node; /* NULL = none */
    struct line lines[LINES];
    struct line *line; /* which outputs wait for; NULL = they do not */
    uint64_t try_at;   /* for the next line */
    bool marking;
    bool retires; /* no node: until what is there is marked */
    bool called;  /* the node was, in this turn */
    uint64_t begun;
    uint64_t since; /* outputs wait, or are not protected; 0 = neither */
    const char *reason;
    int status;
    uint64_t copies, items, bytes, losses;
};

int storage_add_consumer(struct l2tpha_storage *storage, struct line *line, uint64_t now);
void storage_begin_waiting(struct l2tpha_storage *storage, const char *why, uint64_t now);
/* A line that can go on no more. */
void storage_failed(struct l2tpha_storage *storage, struct line *line, int status, const char *why,
                    uint64_t now);

#endif
