/* SPDX-License-Identifier: MIT */
/* Where checkpoints are from: a store, of which nothing is changed, or a file. */
#ifndef DUMP_SOURCE_H
#define DUMP_SOURCE_H

#include "common/options.h"
#include "dump/cut.h"

#include <l2tpha/store.h>
#include <stdio.h>

struct source {
    const char *name; /* a store's URL, a file, or - */
    bool is_store;
    struct l2tpha_store_found found; /* of a store */
    const char *format;              /* of what was read last; NULL = nothing was */
    uint64_t items, octets;
    char why[320];
};

/* False ends it. */
typedef bool (*source_item)(void *user, const struct item *item);

enum source_end {
    SOURCE_READ,
    SOURCE_STOPPED, /* by who has been given an item */
    SOURCE_FAILED   /* source->why */
};

/* Give one checkpoint after the other. */
enum source_end source_read(struct source *source, const struct options *options, source_item fn,
                            void *user);
/* What a store is, a line. */
void source_describe(const struct source *source, FILE *out);

#endif
