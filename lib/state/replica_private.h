/* SPDX-License-Identifier: MIT */
/* What the files of the replica share: replica.c reads a stream of checkpoints, and
 * replica_bucket.c, which stands on it, compares what came of that with the active. */
#ifndef STATE_REPLICA_PRIVATE_H
#define STATE_REPLICA_PRIVATE_H

#include "state/replica.h"

struct replica {
    struct replica_options options;
    struct verifier *verifier;
    enum replica_state state;
    bool whole;
    const char *reason;
    uint64_t epoch;
    uint64_t last;
    uint64_t copy;       /* generation that the active gave to the copy */
    uint32_t generation; /* our own for it */
    uint64_t part;       /* place of its newest piece */
    uint64_t count;      /* records in its parts */
    uint64_t digest;     /* over them */
    uint8_t *room;       /* the serializer's */
};

#endif
