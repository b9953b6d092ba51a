/* SPDX-License-Identifier: MIT */
/* The standby's side: checkpoints are verified whole, then applied whole. */
#ifndef STATE_REPLICA_H
#define STATE_REPLICA_H

#include "base/log.h"
#include "state/verify.h"

#include <l2tpha/observe.h>

enum replica_state {
    REPLICA_COLD,    /* holds nothing */
    REPLICA_BULK,    /* a copy is coming in */
    REPLICA_HOT,     /* complete */
    REPLICA_DIFFERS, /* likewise, but for a bucket that is not as the active has it */
    REPLICA_CUT,     /* it was, until the stream ended: how far the active is by now is not known */
    REPLICA_OUT_OF_SYNC /* lost the thread; the reason is kept */
};

struct replica_options {
    struct table *table;
    const struct l2tpha_serializer *serializer;
    struct l2tpha_counters *counters;
    const struct log *log;
    uint64_t epoch;      /* the newest known: what is older is refused */
    const uint64_t *now; /* the clock, microseconds; NULL = none */
    session_check has_state;
    struct id_range tunnel_ids; /* this node's */
    bool attached;              /* its ordinary tunnels are a daemon's */
};

struct replica;

int replica_new(TALLOC_CTX *parent, const struct replica_options *options,
                struct replica **replica);
/* One checkpoint. Errors as l2tpha_checkpoint_apply(); on L2TPHA_ERR_RECORD, _RECORD_VERSION and
 * _STALE_EPOCH nothing has changed. Any loss of the thread is REPLICA_OUT_OF_SYNC until the next
 * BULK_BEGIN. */
int replica_apply(struct replica *replica, const uint8_t *data, size_t len, uint64_t *number);
enum replica_state replica_state(const struct replica *replica);
/* It was complete once and has lost no record since, though it may lag: each tunnel in it is as the
 * active had it at some time. */
bool replica_is_whole(const struct replica *replica);
/* The stream has ended. */
void replica_cut(struct replica *replica);
/* Name of the copy that it has, as the active gave it; 0 = it has none whole. */
uint64_t replica_copy(const struct replica *replica);
/* Drop everything. */
void replica_empty(struct replica *replica);
const char *replica_reason(const struct replica *replica); /* why out of sync; "" otherwise */
uint64_t replica_epoch(const struct replica *replica);
uint64_t replica_last(const struct replica *replica); /* number of the last one applied */

#endif
