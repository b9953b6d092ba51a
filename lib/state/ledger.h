/* SPDX-License-Identifier: MIT */
/* The ledger: collects what one entry call changes, commits it as ONE numbered checkpoint, and
 * knows up to which number the standby has confirmed. Outputs are gated by that number alone: a
 * message may leave when its Ns is below ns_safe, an acknowledgement says nr_safe. */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include "base/log.h"
#include "state/bulk.h"
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

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger);

/* Close the transaction: everything marked becomes one checkpoint. Returns the number on which
 * outputs made so far depend: the new one, or the last such one when nothing was marked. When only
 * DIRTY_ACKED marks are there they may wait for company, at most LEDGER_DEFERRED_US; no output
 * depends on them. */
uint64_t ledger_commit(struct ledger *ledger, uint64_t now);
#define LEDGER_DEFERRED_US 100000

/* --- confirmation --- */
int ledger_done(struct ledger *ledger, uint64_t number, int status, uint64_t now);

/* --- towards the standby --- */
/* The next checkpoint to ship; bytes valid until the next call of any ledger function. Makes the
 * next piece of a bulk copy when nothing else is waiting. False = none now. */
bool ledger_poll(struct ledger *ledger, uint64_t now, uint64_t *number, const uint8_t **data,
                 size_t *len);
uint64_t ledger_deadline(const struct ledger *ledger);
/* Deferred marks that have waited long enough; the standby's silence. */
void ledger_expire(struct ledger *ledger, uint64_t now);

#endif
