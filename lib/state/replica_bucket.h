/* SPDX-License-Identifier: MIT */
/* The standby's side of digests (state/bucket.h). */
#ifndef STATE_REPLICA_BUCKET_H
#define STATE_REPLICA_BUCKET_H

#include "state/bucket.h"
#include "state/replica.h"

/* Whether the bucket is what the active has, as of this increment. L2TPHA_ERR_DIGEST: it is not,
 * and the state is REPLICA_DIFFERS; L2TPHA_ERR_STATE: that cannot be said at this moment;
 * L2TPHA_ERR_NOMEM. */
int replica_compare(struct replica *replica, struct bucket bucket, uint64_t number, uint64_t digest,
                    struct table_sum *sum);
/* Put what a checkpoint of ledger_write_bucket() has in the place of what is in the bucket that
 * differs. On L2TPHA_ERR_DIGEST it differs all the same, or the replica is out of sync, since that
 * was refused; else as replica_compare(). */
int replica_replace(struct replica *replica, struct bucket bucket, struct l2tpha_bytes data,
                    uint64_t number, uint64_t digest, struct table_sum *sum);

#endif
