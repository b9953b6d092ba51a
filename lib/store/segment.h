/* SPDX-License-Identifier: MIT */
/* The format of a segment, a file of the store: a header of 4096 octets, then items, each a
 * checkpoint as it was given out, aligned to 8 octets, then zeros. Numbers are big-endian.
 *
 *   header   0 "L2TPHASG"   8 u32 format   16 u64 number of the segment   24 u64 epoch
 *            12 u16 level of the writer   14 u16 lowest level of a reader; 0 = 1
 *            32 salt[16]    48 u32 checksum of what is before it
 *            512 the mark, a sector of its own: anything but zeros = stale
 *   item     0 u32 octets of the body       4 u32 checksum of salt, the rest of the item's head,
 *            body                            8 u64 position   16 u64 durable
 *            24 u8 flags, 1 = the copy is whole with it      25 zeros      32 body
 *
 * The salt keeps what is left of another segment from being taken for an item. An item's position
 * is one more than that of the one before it. `durable` is the position up to which all was known
 * to be on the disk when the item was written: what cannot be read, and is not behind the durable
 * position of anything that can, is damage; else it was being written when the writer ended. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <l2tpha/record.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_HEADER 4096
#define SEGMENT_MARK_AT 512
#define SEGMENT_SECTOR 512
#define SEGMENT_SALT 16
#define SEGMENT_ITEM_HEAD 32
#define SEGMENT_ALIGN 8
#define SEGMENT_ITEM_MAX (L2TPHA_CHECKPOINT_MAX + 4096) /* a sealed one has some octets more */

struct segment_header {
    uint64_t number;
    uint64_t epoch;
    uint32_t level, level_min;
    uint8_t salt[SEGMENT_SALT];
};

struct segment_item {
    uint64_t position;
    uint64_t durable;
    bool whole;
    const uint8_t *data; /* a view */
    size_t len;
};

/* dst: SEGMENT_HEADER octets. */
void segment_put_header(uint8_t *dst, const struct segment_header *header);
/* False: that is none. */
bool segment_get_header(const uint8_t *src, struct segment_header *header);
/* dst: SEGMENT_SECTOR octets. */
void segment_put_mark(uint8_t *dst);
bool segment_is_marked(const uint8_t *src);

/* Octets of an item with a body of so many. */
size_t segment_item_size(size_t len);
void segment_put_item(uint8_t *dst, const uint8_t *salt, const struct segment_item *item);

enum segment_found {
    SEGMENT_ITEM,
    SEGMENT_END,  /* zeros */
    SEGMENT_MORE, /* not all of it is here: *size octets are wanted */
    SEGMENT_BAD   /* no item */
};
/* What begins here. */
enum segment_found segment_get_item(const uint8_t *src, size_t len, const uint8_t *salt,
                                    struct segment_item *item, size_t *size);

#endif
