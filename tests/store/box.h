/* SPDX-License-Identifier: MIT */
/* One box with an LNS and its store, and a LAC that lives on: the LNS dies at any moment and begins
 * again from what the store has. Virtual time. */
#ifndef STORE_BOX_H
#define STORE_BOX_H

#include "bench/pair.h"
#include "store/fake_disk.h"
#include "store/file_store.h"

#include <l2tpha/store.h>

struct box {
    struct bench pair;
    struct fake_disk fake;
    struct disk disk;
    struct fake_worker worker;
    struct l2tpha_store *store;
    struct l2tpha_storage *storage;
    struct l2tpha_store_found found; /* when it was opened last */
    uint64_t seed;
    bool holds_for_ever;
    uint32_t tail_bytes;
    bool stalls;  /* the disk does nothing */
    bool is_lazy; /* ... but a step now and then */
    uint32_t deaths;
    uint32_t begun, hung_up; /* calls, by the LAC */
    char line[160];          /* of the log, the last one */
};

void box_open(struct box *box, uint64_t seed);
void box_close(struct box *box);
uint32_t box_random(struct box *box, uint32_t below);
/* A tunnel more, and a call more or less. */
void box_dial(struct box *box);
void box_act(struct box *box);
/* One thing at each of them; false: there was nothing to do. */
bool box_turn(struct box *box);
/* A step of the disk. */
bool box_disk(struct box *box);
/* Until nothing is left to do, time standing still. */
void box_settle(struct box *box);
/* Time goes by. */
void box_pass(struct box *box, uint64_t us);
/* The LNS dies, with power or without, and begins again. An error of the store's: it does not. */
int box_die(struct box *box, bool power);
/* NULL, or what has left and is not in what was restored. */
const char *box_has_left(const struct box *box);
/* NULL, or in what both ends differ. */
const char *box_differs(const struct box *box);
enum l2tpha_storage_state box_state(const struct box *box);

#endif
