/* SPDX-License-Identifier: MIT */
/* One entry of a log: checkpoints in a row, which are there all or not at all.
 *
 *   0  "L2R1"          8  log         24  number of the entry, from 0
 *   4  1 = whole      16  epoch       32  checksum of all but itself
 *  40  for each checkpoint: its length in 4 octets, and it
 *
 * Numbers have the lowest octet first. The checksum is FNV-1a of 64 bits: one octet that differs is
 * found always, more of them but for one time in 2^64. */
#ifndef SERVER_BATCH_H
#define SERVER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#define BATCH_HEAD 40
#define BATCH_MAX (512u << 10) /* octets; one checkpoint that is longer has one by itself */

struct batch {
    struct batch *next;
    uint8_t *data;
    size_t len, room;
    uint64_t position; /* of the last one */
    bool whole;        /* the end of the copy is among them */
};

struct batch_head {
    bool whole;
    uint64_t log, epoch, number;
};

struct batch *batch_new(TALLOC_CTX *parent);
/* False: no memory; nothing has changed. */
bool batch_add(struct batch *batch, const uint8_t *data, size_t len);
/* It is complete: its head. */
void batch_close(struct batch *batch, const struct batch_head *head);

/* NULL, or what is wrong with it. */
const char *batch_read(const uint8_t *data, size_t len, struct batch_head *head);
/* The checkpoints of one that was read, *at = BATCH_HEAD at first; NULL = no more. */
const uint8_t *batch_item(const uint8_t *data, size_t len, size_t *at, size_t *item_len);

#endif
