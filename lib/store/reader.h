/* SPDX-License-Identifier: MIT */
/* A segment, read from its beginning. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "store/disk.h"
#include "store/segment.h"

#include <talloc.h>

struct reader {
    const struct disk *disk;
    int file;
    struct segment_header header;
    bool marked;
    uint64_t at;   /* of the next item in the file */
    uint64_t last; /* position of the item read last; 0 = none */
    /* private */
    uint8_t *buffer;
    size_t start, end; /* of what is in it */
};

/* 0; L2TPHA_ERR_NOT_FOUND: it has no header; L2TPHA_ERR_NOMEM; of the disk. Whatever it says,
 * reader_close(). */
int reader_open(struct reader *reader, TALLOC_CTX *parent, const struct disk *disk,
                uint64_t number);
void reader_close(struct reader *reader);
/* SEGMENT_ITEM, SEGMENT_END or SEGMENT_BAD; then it stays there. Negative: of the disk. */
int reader_next(struct reader *reader, struct segment_item *item);
/* Back to an item that was read, or could not be: it is read from the disk again. */
void reader_return(struct reader *reader, uint64_t at, uint64_t last);
/* Behind the place where nothing can be read any more: whether something is there which says that
 * what is missing was on the disk once. 1 = so it is; negative: of the disk. Ends the reading. */
int reader_is_damaged(struct reader *reader);

#endif
