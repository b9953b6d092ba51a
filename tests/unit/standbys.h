/* SPDX-License-Identifier: MIT */
/* Several standbys of one ledger, and the ways to them: for the suites about cursors. */
#ifndef TESTS_UNIT_STANDBYS_H
#define TESTS_UNIT_STANDBYS_H

#define IN_FLIGHT 100
#include "unit/replicated.h"

#include "engine/session_fsm.h"
#include "state/ledger_resume.h"

#include <stdio.h>

#define STANDBYS 4
#define TUNNELS 40
#define PARCELS 4096

/* On its way to a standby; then, without bytes, on its way back. */
struct parcel {
    uint64_t position;
    uint64_t number;
    uint8_t *data;
    size_t len;
};

struct standby {
    struct buffer_pool *pool;
    struct table *table;
    struct replica *replica;
    struct l2tpha_counters counters;
    uint32_t id; /* 0 = it is not there */
    bool gates;
    bool stopped; /* it reads nothing */
    bool cut;     /* its stream has ended */
    struct parcel parcels[PARCELS];
    uint32_t first, read, last; /* those up to read are applied, and not confirmed */
};

static struct standby *standbys;

static inline struct standby *standby_of(uint32_t id)
{
    for (unsigned i = 0; i < STANDBYS; i++)
        if (standbys[i].id == id)
            return &standbys[i];
    return NULL;
}

static inline void forget_parcels(struct standby *standby)
{
    for (; standby->read != standby->last; standby->read++)
        talloc_free(standby->parcels[standby->read % PARCELS].data);
    standby->first = standby->read;
}

static inline void join(struct standby *standby, bool gates)
{
    char name[8];
    struct cursor_options options = {
        .name = name, .gates = gates, .timeout_us = TIMEOUT_US, .returns = true};

    snprintf(name, sizeof(name), "s%d", (int)(standby - standbys));
    standby->gates = gates;
    assert_ok(cursor_add(pair->ledger, &options, &standby->id));
    assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
}

static inline void leave(struct standby *standby)
{
    forget_parcels(standby);
    pair->item.consumer = 0;
    ledger_remove(pair->ledger, standby->id, "test");
    standby->id = 0;
}

/* What was on its way is lost. */
static inline void cut(struct standby *standby)
{
    forget_parcels(standby);
    ledger_leave(pair->ledger, standby->id, "test");
    replica_cut(standby->replica);
    standby->cut = true;
}

/* On a new stream. Whether it goes on without a copy. */
static inline bool come_back(struct standby *standby)
{
    int error = ledger_resume(pair->ledger, standby->id, replica_copy(standby->replica),
                              replica_last(standby->replica));

    standby->cut = false;
    if (error)
        assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
    return !error;
}

/* A process that knows nothing. */
static inline void make(struct standby *standby)
{
    const struct table_options options = {.tunnel_size = sizeof(struct tunnel_entry),
                                          .session_size = sizeof(struct session_entry),
                                          .max_tunnels = 5000,
                                          .max_sessions = 20000,
                                          .seed = 5};

    assert_ok(buffer_pool_new(standbys, 64u << 20, &standby->pool));
    assert_ok(table_new(standbys, &options, standby->pool, &standby->table));
    const struct replica_options replica = {.table = standby->table,
                                            .serializer = l2tpha_serializer_proto(),
                                            .counters = &standby->counters,
                                            .log = &pair->log,
                                            .has_state = session_has_state};
    assert_ok(replica_new(standbys, &replica, &standby->replica));
}

static inline void begin(void)
{
    setup();
    ledger_remove(pair->ledger, pair->consumer, "test");
    standbys = talloc_zero_array(root, struct standby, STANDBYS);
    for (unsigned i = 0; i < STANDBYS; i++)
        make(&standbys[i]);
}

static inline void end(void)
{
    for (unsigned i = 0; i < STANDBYS; i++) {
        forget_parcels(&standbys[i]);
        table_clear(standbys[i].table);
        ck_assert_uint_eq(buffer_pool_out(standbys[i].pool), 0);
    }
    talloc_free(standbys);
    teardown();
}

/* --- the ways --- */

/* Each in its turn. */
static inline bool poll_next(void)
{
    if (pair->item.consumer && ledger_poll(pair->ledger, pair->now, &pair->item))
        return true;
    return replicas_poll(pair);
}

static inline bool poll_one(void)
{
    const struct ledger_item *item = &pair->item;
    struct standby *standby;

    if (!poll_next())
        return false;
    ck_assert_ptr_nonnull(standby = standby_of(item->consumer));
    ck_assert_uint_lt(standby->last - standby->first, PARCELS);
    standby->parcels[standby->last++ % PARCELS] =
        (struct parcel){.position = item->position,
                        .number = item->number,
                        .data = talloc_memdup(standbys, item->data, item->len),
                        .len = item->len};
    return true;
}

static inline bool read_one(struct standby *standby)
{
    if (standby->read == standby->last)
        return false;
    struct parcel *parcel = &standby->parcels[standby->read++ % PARCELS];
    int error = replica_apply(standby->replica, parcel->data, parcel->len, NULL);
    ck_assert_msg(error == 0, "%s: %s", l2tpha_strerror(error), pair->line);
    talloc_free(parcel->data);
    parcel->data = NULL;
    return true;
}

static inline bool confirm_one(struct standby *standby)
{
    if (standby->first == standby->read)
        return false;
    const struct parcel *parcel = &standby->parcels[standby->first++ % PARCELS];
    assert_ok(ledger_done(pair->ledger, standby->id, parcel->position, 0, pair->now));
    return true;
}

static inline struct cursor_info look(const struct standby *standby)
{
    struct cursor_info info;

    ck_assert(cursor_get(pair->ledger, standby->id, &info));
    return info;
}

static inline void drain(void)
{
    bool any;

    replicas_commit(pair);
    for (int i = 0; i < 2; i++) {
        do {
            ledger_expire(pair->ledger, pair->now);
            any = poll_one();
            for (unsigned s = 0; s < STANDBYS; s++)
                if (standbys[s].id)
                    any = read_one(&standbys[s]) | confirm_one(&standbys[s]) | any;
        } while (any);
        pair->now += LEDGER_DEFERRED_US;
        ledger_expire(pair->ledger, pair->now);
    }
}

static inline void assert_equal(const struct standby *standby)
{
    ck_assert_int_eq(look(standby).state, CURSOR_IN_SYNC);
    ck_assert_int_eq(replica_state(standby->replica), REPLICA_HOT);
    ck_assert_uint_eq(replica_last(standby->replica), ledger_last(pair->ledger));
    ck_assert_uint_eq(replicas_digest(standby->table), replicas_digest(pair->active));
    replicas_assert_sound(standby->table);
}

/* The fourth does not gate. */
static inline void all_in_sync(void)
{
    for (uint32_t id = 1; id <= TUNNELS; id++)
        replicas_session(pair, replicas_tunnel(pair, id), 1);
    replicas_commit(pair);
    for (unsigned i = 0; i < STANDBYS; i++)
        join(&standbys[i], i != 3);
    drain();
    for (unsigned i = 0; i < STANDBYS; i++)
        assert_equal(&standbys[i]);
    ck_assert(ledger_in_sync(pair->ledger));
}

/* It goes to all four. */
static inline void change(struct tunnel_entry *tunnel)
{
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    for (unsigned i = 0; i < STANDBYS; i++)
        ck_assert(poll_one());
    ck_assert(!poll_one());
}

#endif
