/* SPDX-License-Identifier: MIT */
/* A file of checkpoints, cut into checkpoints: each behind its length (proto), a sequence (CBOR,
 * RFC 8742), lines (JSON), or what one side of a replication link has said. */
#ifndef DUMP_CUT_H
#define DUMP_CUT_H

#include "dump/input.h"

#include <l2tpha/serializer.h>

/* One that is longer is none, in whatever format. */
#define CUT_MAX (16u << 20)

enum cut_format { CUT_ANY, CUT_PROTO, CUT_CBOR, CUT_JSON, CUT_LINK };

/* One checkpoint. */
struct item {
    const uint8_t *data; /* a view */
    size_t len;
    const struct l2tpha_serializer *serializer;
    uint64_t number; /* from 1 */
    uint64_t at;     /* in the file; 0 = it is from a store */
    bool in_file;
};

struct cut {
    struct input input;
    enum cut_format format;
    char why[160]; /* what is wrong, with the place */
    /* private */
    uint64_t number;
    size_t size;     /* of the item that was given out */
    bool is_standby; /* of a link: who has said it */
};

/* Find out what it is, if format is CUT_ANY. False: cut->why. */
bool cut_begin(struct cut *cut, int fd, enum cut_format format);
void cut_end(struct cut *cut);
/* 1; 0 = that was all; -1 = cut->why. */
int cut_next(struct cut *cut, struct item *item);

/* What a checkpoint is written in, by its first octet. */
const struct l2tpha_serializer *cut_serializer(const uint8_t *data, size_t len);
/* That of a format; NULL = it is left out of this build. */
const struct l2tpha_serializer *cut_serializer_of(enum cut_format format);

#endif
