/* SPDX-License-Identifier: MIT */
/* Digests, as a link asks for them. A round over all buckets takes half a minute, or a little more,
 * since each bucket has its share of it by the records in it. */
#include "node/digest.h"

#include "base/timing.h"
#include "control/event.h"
#include "control/transaction.h"
#include "node/port.h"
#include "node/replication.h"
#include "node/role.h"
#include "node/sight.h"
#include "redundancy/link.h"
#include "state/ledger_bucket.h"
#include "state/replica_bucket.h"

#include <stdio.h>
#include <string.h>

#define ROUND_US (UINT64_C(30) * US_PER_S)
#define LEAST_US UINT64_C(1000)  /* between two of them */
#define RETRY_US UINT64_C(10000) /* not at this moment */
#define ROOM_FIRST 4096

static struct bucket bucket_in(const struct link_bucket *bucket)
{
    return (struct bucket){bucket->first, bucket->last};
}

static struct table_sum *sum_of(struct port *port)
{
    struct table_sum *sum = &port->sum;

    if (!sum->serializer)
        *sum = (struct table_sum){
            .parent = port, .serializer = port->node->engine.config.serializer, .size = ROOM_FIRST};
    return sum;
}

/* --- the active --- */

/* A transaction that a daemon has open is half in the table. */
static bool is_moment(const struct port *port, uint64_t position, struct link_bucket *bucket)
{
    const struct engine *engine = &port->node->engine;

    return engine->serving && !engine->inbox.message && !engine->draining &&
           ledger_is_level(engine->ledger, port->consumer, position, &bucket->number);
}

static bool is_in_sync(const struct port *port)
{
    struct cursor_info info;

    return cursor_get(port->node->engine.ledger, port->consumer, &info) &&
           info.state == CURSOR_IN_SYNC;
}

static uint64_t share(const struct table *table, uint64_t records)
{
    uint64_t all = (uint64_t)table_tunnel_count(table) + table_session_count(table);
    uint64_t pause = all > records ? ROUND_US * records / all : ROUND_US;

    return pause > LEAST_US ? pause : LEAST_US;
}

static int next(void *user, uint64_t position, struct link_bucket *bucket, uint64_t *pause)
{
    struct port *port = user;
    const struct table *table = port->node->engine.table;
    uint32_t records;

    if (!is_in_sync(port))
        return L2TPHA_ERR_STATE;
    if (!is_moment(port, position, bucket)) {
        *pause = RETRY_US;
        return L2TPHA_ERR_STATE;
    }
    bucket->last = bucket_from(table, bucket->first, &records).last;
    if (bucket_digest(table, bucket_in(bucket), sum_of(port), &bucket->digest))
        return L2TPHA_ERR_STATE;
    *pause = share(table, records);
    return L2TPHA_OK;
}

static int repair(void *user, uint64_t position, struct link_bucket *bucket,
                  struct l2tpha_bytes *data, uint64_t *pause)
{
    struct port *port = user;
    const struct engine *engine = &port->node->engine;

    *pause = 0;
    if (!ledger_is_different(engine->ledger, port->consumer))
        return L2TPHA_ERR_STATE;
    *pause = RETRY_US;
    if (!is_moment(port, position, bucket))
        return L2TPHA_ERR_STATE;
    int error = bucket_digest(engine->table, bucket_in(bucket), sum_of(port), &bucket->digest);
    return error ? error
                 : ledger_write_bucket(engine->ledger, port->consumer, bucket_in(bucket), data);
}

/* Which tunnels, for people. */
static void tell(struct engine *engine, const struct link_bucket *bucket)
{
    char text[48];
    uint32_t first = (uint32_t)(bucket->first >> 32), last = (uint32_t)(bucket->last >> 32);

    snprintf(text, sizeof(text), "in tunnels %u to %u", first ? (unsigned)first : 1u,
             last < UINT16_MAX ? (unsigned)last : (unsigned)UINT16_MAX);
    engine->counters.digests_different++;
    log_line(&engine->log, L2TPHA_LOG_CF, 0, 0, "the standby differs %s, checkpoint %llu", text,
             (unsigned long long)bucket->number);
    struct event_item *item = engine_event(engine, L2TPHA_EVENT_STANDBY_DIFFERS, NULL, NULL);
    if (!item)
        return;
    item->status = L2TPHA_ERR_DIGEST;
    event_set_text(item, (const uint8_t *)text, strlen(text));
}

static bool differs(void *user, const struct link_bucket *bucket, uint64_t now)
{
    const struct port *port = user;
    struct engine *engine = &port->node->engine;

    if (node_enter_serving(port->node, now))
        return false;
    bool again = ledger_is_different(engine->ledger, port->consumer);
    bool known = again || ledger_differs(engine->ledger, port->consumer, "standby differs");
    engine->counters.digests++;
    if (known)
        tell(engine, bucket);
    (void)engine_leave(engine, L2TPHA_OK);
    return known;
}

static void alike(void *user, const struct link_bucket *bucket, uint64_t now)
{
    const struct port *port = user;
    struct engine *engine = &port->node->engine;

    (void)bucket;
    if (node_enter_serving(port->node, now))
        return;
    engine->counters.digests++;
    if (ledger_is_different(engine->ledger, port->consumer)) {
        ledger_repaired(engine->ledger, port->consumer);
        engine->counters.digest_repairs++;
    }
    (void)engine_leave(engine, L2TPHA_OK);
}

/* --- the standby --- */

static int compare(void *user, const struct link_bucket *bucket, struct l2tpha_bytes data,
                   uint64_t now)
{
    struct port *port = user;
    struct l2tpha_node *node = port->node;
    struct engine *engine = &node->engine;

    if (node_enter(node, now))
        return L2TPHA_ERR_STATE;
    if (!role_follows(node->role.state))
        return L2TPHA_ERR_ROLE;
    enum replica_state before = replica_state(node->replica);
    int error = data.len ? replica_replace(node->replica, bucket_in(bucket), data, bucket->number,
                                           bucket->digest, sum_of(port))
                         : replica_compare(node->replica, bucket_in(bucket), bucket->number,
                                           bucket->digest, sum_of(port));
    if (!error || error == L2TPHA_ERR_DIGEST)
        engine->counters.digests++;
    if (!error && data.len)
        engine->counters.digest_repairs++;
    if (error == L2TPHA_ERR_DIGEST)
        tell(engine, bucket);
    if (replica_state(node->replica) == REPLICA_DIFFERS)
        node_note(node, ROLE_COPY_BEGINS, replica_epoch(node->replica), "differs from the active");
    else if (replica_state(node->replica) != before)
        node_follow_replica(node);
    (void)engine_leave(engine, L2TPHA_OK);
    return error;
}

static const struct digest_ops bucket_ops = {
    .next = next, .repair = repair, .differs = differs, .alike = alike, .compare = compare};

const struct digest_ops *node_digests(void)
{
    return &bucket_ops;
}
