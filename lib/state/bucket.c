/* SPDX-License-Identifier: MIT */
/* Ids are looked up one after the other, since tables have no order that is the same on two nodes.
 * Only the sessions of a whole tunnel are taken as they come: a sum has no order. */
#include "state/bucket.h"

static uint32_t tunnel_at(uint64_t place)
{
    return (uint32_t)(place >> 32);
}

static uint32_t session_at(uint64_t place)
{
    return (uint32_t)place;
}

/* What the standby is to know of. */
static struct tunnel_entry *find(const struct table *table, uint32_t id)
{
    struct tunnel_entry *tunnel = table_tunnel_find(table, id);

    return tunnel && !tunnel->gone ? tunnel : NULL;
}

/* A piece of one tunnel that is too large. */
static struct bucket piece(const struct tunnel_entry *tunnel, uint64_t first, uint32_t *records)
{
    uint64_t last = first | (BUCKET_IDS - 1);
    uint32_t count = tunnel ? tunnel->session_count : 0;

    *records += 1 + (uint32_t)((uint64_t)count * BUCKET_IDS >> 16);
    if (session_at(last) >= UINT16_MAX)
        last |= UINT32_MAX;
    return (struct bucket){first, last};
}

struct bucket bucket_from(const struct table *table, uint64_t first, uint32_t *records)
{
    uint32_t id = tunnel_at(first);
    uint64_t cost = 0;

    *records = 0;
    if (session_at(first))
        return piece(find(table, id), first, records);
    for (; id <= UINT16_MAX; id++) {
        const struct tunnel_entry *tunnel = find(table, id);
        if (!tunnel)
            continue;
        uint64_t more = UINT64_C(1) + tunnel->queue_count + tunnel->session_count;
        if (cost > 0 && cost + more > BUCKET_RECORDS)
            return (struct bucket){first, bucket_place(id, 0) - 1};
        if (tunnel->session_count > BUCKET_IDS) /* the first: whatever is before it is empty */
            return (struct bucket){first, piece(tunnel, bucket_place(id, 0), records).last};
        cost += more;
        *records += 1 + tunnel->session_count;
    }
    return (struct bucket){first, BUCKET_END};
}

static int walk_sessions(const struct table *table, struct tunnel_entry *tunnel, uint32_t from,
                         uint32_t to, int (*visit)(void *user, struct table_item item), void *user)
{
    struct session_entry *session, *next;
    int error = 0;

    if (from == 0 && to == UINT32_MAX) {
        for (session = tunnel->sessions; session && !error; session = next) {
            next = session->next;
            error = visit(user, (struct table_item){.session = session});
        }
        return error;
    }
    for (uint32_t id = from; id <= to && id <= UINT16_MAX && !error; id++)
        if ((session = table_session_find(table, tunnel, id)))
            error = visit(user, (struct table_item){.session = session});
    return error;
}

int bucket_walk(const struct table *table, struct bucket bucket,
                int (*visit)(void *user, struct table_item item), void *user)
{
    uint32_t first = tunnel_at(bucket.first), last = tunnel_at(bucket.last);
    int error = 0;

    if (bucket.first == 0 && node_is_set(table_node(table)))
        error = visit(user, (struct table_item){.node = table_node(table)});
    for (uint32_t id = first; id <= last && id <= UINT16_MAX && !error; id++) {
        struct tunnel_entry *tunnel = find(table, id);
        if (!tunnel)
            continue;
        uint32_t from = id == first ? session_at(bucket.first) : 0;
        uint32_t to = id == last ? session_at(bucket.last) : UINT32_MAX;
        error = walk_sessions(table, tunnel, from, to, visit, user);
        if (from == 0 && !error)
            error = visit(user, (struct table_item){.tunnel = tunnel});
    }
    return error;
}

static int add(void *user, struct table_item item)
{
    return table_sum_add(user, item) ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
}

int bucket_digest(const struct table *table, struct bucket bucket, struct table_sum *sum,
                  uint64_t *digest)
{
    sum->sum = 0;
    int error = bucket_walk(table, bucket, add, sum);

    *digest = sum->sum;
    return error;
}
