/* SPDX-License-Identifier: MIT */
/* A checkpoint in a format of one's choice. Nothing of it changes: the digest of a copy stays that
 * of the format in which the copy was made. For who is to take it in the new format it is made
 * anew, where it was right in the old one. */
#ifndef DUMP_DRAW_H
#define DUMP_DRAW_H

#include "dump/checkpoint.h"

/* Where records are from. */
typedef const struct l2tpha_record *(*draw_record)(void *user, uint32_t number,
                                                   struct l2tpha_record *record);

struct draw {
    const struct l2tpha_serializer *serializer;
    bool hides;   /* secrets: it says so, and the serializer has a word for them, */
    bool strips;  /* ... or has none, so that they are left out */
    bool remakes; /* the digest */
    /* of the copy, as it is written */
    uint64_t digest, count;
    /* private */
    uint8_t *room;
    size_t size;
    uint64_t was_digest; /* as it was read */
    bool whole;          /* all that was read of it is written */
};

/* From what was read. 0, or an error of the library's: L2TPHA_ERR_LIMIT, it is too long. The bytes
 * are valid until the next call. */
int draw_checkpoint(struct draw *draw, const struct checkpoint *checkpoint,
                    struct l2tpha_bytes *drawn);
/* From records of one's own. */
int draw_records(struct draw *draw, const struct l2tpha_checkpoint_header *header, uint32_t count,
                 draw_record record, void *user, struct l2tpha_bytes *drawn);
void draw_free(struct draw *draw);

#endif
