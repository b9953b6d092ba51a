/* SPDX-License-Identifier: MIT */
/* The ledger: collects what one entry call changes, seals it as ONE numbered checkpoint, and knows
 * up to which number the standby has confirmed. Outputs are gated by that number alone: a message
 * may leave when its Ns is below ns_safe, an acknowledgement says nr_safe. */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include "base/log.h"
#include "state/ledger_dirty.h"
#include "state/ledger_stop.h"
#include "state/table.h"

#include <l2tpha/node.h>
#include <l2tpha/observe.h>
#include <l2tpha/serializer.h>

enum ledger_mode {
    LEDGER_OFF,  /* nobody listens: a seal confirms itself and writes nothing */
    LEDGER_BULK, /* a copy is under way: checkpoints are written, nothing waits for them */
    LEDGER_GATED /* outputs wait, each for its number or, with lazy commit, for the lease */
};

struct ledger_options {
    struct table *table;
    const struct l2tpha_serializer *serializer;
    struct l2tpha_counters *counters;
    const struct log *log;
    uint64_t epoch;
    uint32_t max_in_flight; /* checkpoints not confirmed; beyond it: alone, with a reason */
    uint64_t timeout_us;    /* oldest unconfirmed one waits so long at most */
    enum l2tpha_commit commit;
    uint64_t lag_us;         /* L2TPHA_COMMIT_BOUNDED */
    uint16_t resync_packets; /* lease of a tunnel whose record names none */
    void *user;
    /* ns_safe and nr_safe of the tunnel have moved. */
    void (*confirmed)(void *user, struct tunnel_entry *entry);
    /* The mode has changed by itself: copy complete and confirmed (why NULL), or the standby is
     * lost. */
    void (*mode_changed)(void *user, enum ledger_mode mode, bool in_sync, const char *why);
};

struct ledger;

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger);

/* Close the transaction: everything marked becomes one checkpoint. Returns the number on which
 * outputs made so far depend: the new one, or the last such one when nothing was marked. When only
 * DIRTY_ACKED marks are there they may wait for company, at most LEDGER_LAZY_US; no output depends
 * on them. */
uint64_t ledger_seal(struct ledger *ledger, uint64_t now);
#define LEDGER_LAZY_US 100000

/* --- confirmation --- */
int ledger_done(struct ledger *ledger, uint64_t number, int status, uint64_t now);
uint64_t ledger_last(const struct ledger *ledger); /* newest number made */
/* What outputs may depend on. The same as ledger_last while the mode is OFF or BULK, and as long as
 * lazy commit runs ahead. */
uint64_t ledger_confirmed(const struct ledger *ledger);
/* The same without running ahead, for what must never be given out twice. */
uint64_t ledger_known(const struct ledger *ledger);
/* Bounded commit: the standby lags, and this tunnel has something that it does not know. */
bool ledger_holds(const struct ledger *ledger, const struct tunnel_entry *entry);
uint64_t ledger_acknowledged(const struct ledger *ledger); /* what a standby really has confirmed */
enum ledger_mode ledger_mode(const struct ledger *ledger);
bool ledger_in_sync(const struct ledger *ledger); /* gated and the BULK_END is confirmed */

/* --- towards the standby --- */
/* Start (or restart) a bulk copy under a new generation. */
int ledger_bulk(struct ledger *ledger, uint64_t now);
/* The next checkpoint to ship; bytes valid until the next call of any ledger function. Makes the
 * next piece of a bulk copy when nothing else is waiting. False = none now. */
bool ledger_poll(struct ledger *ledger, uint64_t now, uint64_t *number, const uint8_t **data,
                 size_t *len);
uint64_t ledger_deadline(const struct ledger *ledger);
/* This node was away since `from` or later: that is not the standby's silence. */
void ledger_absent(struct ledger *ledger, uint64_t from, uint64_t now);
/* Lazy marks that have waited long enough; the standby's silence. */
void ledger_expire(struct ledger *ledger, uint64_t now);

/* --- takeover --- */
/* Go on as the active under a new epoch, with numbers after `last`. Mode OFF. */
void ledger_reign(struct ledger *ledger, uint64_t epoch, uint64_t last);
/* A tunnel that a replica has left: its safe and sealed marks are what its record says. It is among
 * the unsettled no more. Before anything of it is marked. */
void ledger_adopt(const struct ledger *ledger, struct tunnel_entry *entry);
/* Not all tunnels are adopted yet: a copy that is asked for meanwhile begins when they are. */
void ledger_hold(struct ledger *ledger, bool held, uint64_t now);
uint64_t ledger_epoch(const struct ledger *ledger);

/* Digest over the whole table, independent of order. */
uint64_t ledger_digest(const struct table *table, const struct l2tpha_serializer *serializer);

#endif
