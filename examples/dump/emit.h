/* SPDX-License-Identifier: MIT */
/* What goes to the standard output: checkpoints as they were read, or a copy of the state that
 * comes of them; as text, or in a format that can be read again. */
#ifndef DUMP_EMIT_H
#define DUMP_EMIT_H

#include "common/options.h"
#include "dump/state.h"

#include <stdio.h>

struct emit {
    const struct options *options;
    struct filter filter;
    FILE *out;
    uint64_t strange; /* records of kinds that are not known: they are left out */
    char why[320];
    /* private */
    struct draw draw, proto; /* the latter for the digest of a state's copy */
    struct checkpoint checkpoint;
};

/* The options have been looked at. False: emit->why. */
bool emit_begin(struct emit *emit, const struct options *options, FILE *out);
bool emit_item(struct emit *emit, const struct item *item);
bool emit_state(struct emit *emit, const struct state *state);
/* All of it is where it was to go. */
bool emit_end(struct emit *emit);

#endif
