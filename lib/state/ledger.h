/* SPDX-License-Identifier: MIT */
/* The ledger: collects what one entry call changes, commits it as ONE numbered checkpoint for all
 * consumers, and knows up to which number those have confirmed that outputs wait for. Outputs are
 * gated by that number alone: a message may leave when its Ns is below ns_safe, an acknowledgement
 * says nr_safe. */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include "base/log.h"
#include "state/cursor.h"
#include "state/ledger_confirmed.h"
#include "state/ledger_dirty.h"
#include "state/ledger_stop.h"
#include "state/ledger_takeover.h"
#include "state/silence.h"
#include "state/table.h"

#include <l2tpha/node.h>
#include <l2tpha/observe.h>
#include <l2tpha/serializer.h>

struct ledger_options {
    struct table *table;
    const struct l2tpha_serializer *serializer;
    struct l2tpha_counters *counters;
    const struct log *log;
    uint64_t epoch;
    uint32_t generation;    /* before that of the first copy: by chance */
    uint32_t max_in_flight; /* increments not confirmed; beyond it a cursor gets nothing more */
    enum l2tpha_commit commit;
    uint64_t lag_us;         /* L2TPHA_COMMIT_BOUNDED */
    uint16_t resync_packets; /* lease of a tunnel whose record names none */
    void *user;
    /* ns_safe and nr_safe of the tunnel have moved. */
    void (*confirmed)(void *user, struct tunnel_entry *entry);
    /* The mode has changed, or who is in sync. why: of a cursor that was lost; else NULL. */
    void (*mode_changed)(void *user, enum ledger_mode mode, bool in_sync, const char *why);
};

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger);

/* Close the transaction: everything marked is in the open increment, which the next poll writes;
 * what is marked until then is in the same one. Returns the number on which outputs made so far
 * depend: that increment's, or the last such one when nothing was marked. When only DIRTY_ACKED
 * marks are there they may wait for company, at most LEDGER_DEFERRED_US; no output depends on
 * them. */
uint64_t ledger_commit(struct ledger *ledger, uint64_t now);
#define LEDGER_DEFERRED_US 100000
/* Write the open increment, as a poll does; not in a transaction. */
void ledger_close(struct ledger *ledger, uint64_t now);
/* An increment has no more transactions once they have marked so many bytes. */
#define LEDGER_OPEN_BYTES (16u << 10)

/* --- towards the consumers --- */
/* Start (or restart) a copy for this cursor: at once, or once a minute for one that has refused
 * three in a row. L2TPHA_ERR_NOT_FOUND. */
int ledger_copy(struct ledger *ledger, uint32_t id, uint64_t now);
/* It holds everything up to this position, or has refused it (status). L2TPHA_ERR_INVALID: a
 * position that was not given out; L2TPHA_ERR_NOT_FOUND. */
int ledger_done(struct ledger *ledger, uint32_t id, uint64_t position, int status, uint64_t now);

/* What a consumer is to get next. */
struct ledger_item {
    uint32_t consumer;
    uint64_t position; /* in its stream, one more with each */
    uint64_t number;   /* newest increment in it or before it */
    const uint8_t *data;
    size_t len;
};

/* The next item of the first one that has any, of those behind item->consumer, 0 = of all; bytes
 * valid until the next call of any ledger function. Makes the next piece of a copy where nothing
 * else is waiting. False = none now. */
bool ledger_poll(struct ledger *ledger, uint64_t now, struct ledger_item *item);
uint64_t ledger_deadline(const struct ledger *ledger);
/* Deferred marks that have waited long enough; silence. */
void ledger_expire(struct ledger *ledger, uint64_t now);

#endif
