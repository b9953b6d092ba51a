/* SPDX-License-Identifier: MIT */
#include "state/replica_bucket.h"

#include "state/replica_private.h"

int replica_compare(struct replica *replica, struct bucket bucket, uint64_t number, uint64_t digest,
                    struct table_sum *sum)
{
    uint64_t own;

    if (replica->state != REPLICA_HOT || number != replica->last)
        return L2TPHA_ERR_STATE;
    int error = bucket_digest(replica->options.table, bucket, sum, &own);
    if (error)
        return error;
    if (own == digest)
        return L2TPHA_OK;
    replica->state = REPLICA_DIFFERS;
    return L2TPHA_ERR_DIGEST;
}

static int make_stale(void *user, struct table_item item)
{
    const struct replica *replica = user;
    uint32_t stale = replica->generation - 1;

    if (item.node)
        item.node->generation = stale;
    else if (item.tunnel)
        item.tunnel->generation = stale;
    else
        item.session->generation = stale;
    return L2TPHA_OK;
}

static int sweep(void *user, struct table_item item)
{
    const struct replica *replica = user;
    struct table *table = replica->options.table;

    if (item.tunnel && item.tunnel->generation != replica->generation)
        table_tunnel_remove(table, item.tunnel);
    else if (item.session && item.session->generation != replica->generation)
        table_session_remove(table, item.session);
    return L2TPHA_OK;
}

/* What is in the bucket counts as left over from before the copy, of which this is one more part:
 * it is verified and applied as any other. */
static int apply(struct replica *replica, struct bucket bucket, struct l2tpha_bytes data)
{
    uint64_t next = replica->part + 1;
    const char *why;

    (void)bucket_walk(replica->options.table, bucket, make_stale, replica);
    replica->state = REPLICA_BULK;
    int error = replica_apply(replica, data.data, data.len, NULL);
    if (!error && (replica->part != next || replica->state != REPLICA_BULK))
        error = L2TPHA_ERR_RECORD;
    if (error)
        return error;
    (void)bucket_walk(replica->options.table, bucket, sweep, replica);
    if (table_recovery_count(replica->options.table) == 0)
        return L2TPHA_OK;
    return verify_copy(replica->verifier, replica->generation, &why);
}

int replica_replace(struct replica *replica, struct bucket bucket, struct l2tpha_bytes data,
                    uint64_t number, uint64_t digest, struct table_sum *sum)
{
    if (replica->state != REPLICA_DIFFERS || number != replica->last)
        return L2TPHA_ERR_STATE;
    if (apply(replica, bucket, data)) {
        replica->state = REPLICA_OUT_OF_SYNC;
        replica->reason = "repair refused";
        return L2TPHA_ERR_DIGEST;
    }
    replica->state = REPLICA_HOT;
    return replica_compare(replica, bucket, number, digest, sum);
}
