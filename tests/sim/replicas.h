/* SPDX-License-Identifier: MIT */
/* An active's table and ledger, a standby's table and replica, and the way between them. */
#ifndef TESTS_REPLICAS_H
#define TESTS_REPLICAS_H

#include "fixture.h"
#include "state/ledger.h"
#include "state/replica.h"

#include <string.h>

struct state_pair {
    struct buffer_pool *active_pool;
    struct buffer_pool *standby_pool;
    struct table *active;
    struct table *standby;
    struct ledger_options options;
    struct cursor_options cursor;
    struct ledger *ledger;
    uint32_t consumer;       /* the standby, of the ledger's */
    struct ledger_item item; /* polled last */
    struct replica *replica;
    struct l2tpha_counters active_counters;
    struct l2tpha_counters standby_counters;
    uint64_t now;
    uint64_t random;
    unsigned confirmations; /* calls of confirmed() */
    unsigned mode_changes;
    enum ledger_mode mode; /* as told by the last of them */
    bool in_sync;
    const char *why;
    struct l2tpha_host host;
    struct log log;
    char line[128]; /* last log line */
};

/* Hangs off root. */
struct state_pair *replicas_new(uint32_t max_in_flight, uint64_t timeout_us);
/* A standby that knows nothing. */
void replicas_fresh_standby(struct state_pair *pair);
void replicas_free(struct state_pair *pair);
/* Nobody listens to the active any more. */
void replicas_stop(struct state_pair *pair);
uint32_t replicas_random(struct state_pair *pair, uint32_t below);

/* Changes on the active, marked. */
struct tunnel_entry *replicas_tunnel(struct state_pair *pair, uint32_t id);
struct session_entry *replicas_session(struct state_pair *pair, struct tunnel_entry *tunnel,
                                       uint32_t id);
void replicas_message(struct state_pair *pair, struct tunnel_entry *tunnel, size_t len);
void replicas_acked(struct state_pair *pair, struct tunnel_entry *tunnel, uint16_t acked);
void replicas_received(struct state_pair *pair, struct tunnel_entry *tunnel);
void replicas_remove_tunnel(struct state_pair *pair, struct tunnel_entry *tunnel);
void replicas_remove_session(struct state_pair *pair, struct session_entry *session);
/* The node gives out a tunnel id and a serial number. */
void replicas_give_out(struct state_pair *pair);
/* Something of all that. */
void replicas_change(struct state_pair *pair);
uint64_t replicas_commit(struct state_pair *pair); /* an increment of its own */
/* It shares the increment with what else is committed before the next poll. */
uint64_t replicas_transaction(struct state_pair *pair);

/* The position of the next checkpoint, which goes nowhere; 0 = there is none. */
uint64_t replicas_poll(struct state_pair *pair);
/* The standby confirms it; it gets a copy. */
int replicas_done(struct state_pair *pair, uint64_t position, int status);
void replicas_copy(struct state_pair *pair);
/* Ship one checkpoint: poll, apply, confirm. False: there is none. */
bool replicas_ship(struct state_pair *pair);
/* What the replica says to these bytes, at exactly their length, so that reading past their end is
 * found; and to a checkpoint made of these. */
int replicas_feed(struct state_pair *pair, const uint8_t *data, size_t len);
int replicas_feed_made(struct state_pair *pair, const struct l2tpha_checkpoint_header *header,
                       const struct l2tpha_record *records, size_t count);
/* Ship until nothing is left, lagging marks included. */
void replicas_drain(struct state_pair *pair);
/* A copy and all its confirmations: gated and in sync afterwards. */
void replicas_sync(struct state_pair *pair);
/* The standby takes over: a ledger over its table, under the next epoch. */
struct ledger *replicas_promote(struct state_pair *pair);
/* Every queue is [acked, ns) and every index leads to its entry. */
void replicas_assert_sound(const struct table *table);
uint64_t replicas_digest(const struct table *table);
void replicas_assert_equal(const struct state_pair *pair);

#endif
