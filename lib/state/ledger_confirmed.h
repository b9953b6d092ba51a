/* SPDX-License-Identifier: MIT */
/* How far the standby is known to be. */
#ifndef STATE_LEDGER_CONFIRMED_H
#define STATE_LEDGER_CONFIRMED_H

#include "state/entry.h"

struct ledger;

enum ledger_mode {
    LEDGER_OFF,  /* nobody is there whom outputs would wait for */
    LEDGER_BULK, /* somebody is, and has no copy yet: nothing waits */
    LEDGER_GATED /* outputs wait, each for its number or, with ungated commit, for the lease */
};

/* Newest number that there is, which the open increment has already. */
uint64_t ledger_last(const struct ledger *ledger);
/* Of the increment that the transaction will be in. */
uint64_t ledger_next(const struct ledger *ledger);
/* What outputs may depend on. The same as ledger_last while the mode is OFF or BULK, and in ungated
 * commit as long as nothing is late. */
uint64_t ledger_confirmed(const struct ledger *ledger);
/* The same in every commit mode, for what must never be given out twice. */
uint64_t ledger_known(const struct ledger *ledger);
/* Bounded commit: the standby is lagging, and this tunnel has something that it does not know. */
bool ledger_holds(const struct ledger *ledger, const struct tunnel_entry *entry);
enum ledger_mode ledger_mode(const struct ledger *ledger);
/* Somebody that outputs wait for has confirmed the end of its copy. */
bool ledger_in_sync(const struct ledger *ledger);

#endif
