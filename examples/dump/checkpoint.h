/* SPDX-License-Identifier: MIT */
/* A checkpoint that is read: its header, and the places of its records. */
#ifndef DUMP_CHECKPOINT_H
#define DUMP_CHECKPOINT_H

#include "dump/cut.h"
#include "dump/filter.h"

/* The version of a checkpoint without its secrets: no release takes it. */
#define CHECKPOINT_HIDDEN UINT32_MAX

/* Zero-fill it first; the memory is kept from one to the next. */
struct checkpoint {
    const struct item *item;
    struct l2tpha_checkpoint_header header;
    struct l2tpha_bytes records; /* what a digest is over */
    struct l2tpha_reading *places;
    uint32_t count;   /* records that the filter takes */
    uint32_t strange; /* of kinds that this release does not know, */
    uint32_t left;    /* ... and those that the filter does not take */
    uint32_t room;
    uint8_t *strings;
    size_t strings_room;
    char why[200];
};

/* False: checkpoint->why. */
bool checkpoint_read(struct checkpoint *checkpoint, const struct item *item, struct filter *filter);
/* A record of it, from 0; views last until the next call. */
const struct l2tpha_record *checkpoint_record(const struct checkpoint *checkpoint, uint32_t number,
                                              struct l2tpha_record *record);
void checkpoint_free(struct checkpoint *checkpoint);

/* Where an item is, for who complains of it. Returns dst. */
const char *checkpoint_place(const struct item *item, char dst[64]);

#endif
