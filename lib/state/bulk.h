/* SPDX-License-Identifier: MIT */
/* The copy for a new standby. */
#ifndef STATE_BULK_H
#define STATE_BULK_H

#include <l2tpha/types.h>

struct ledger;

/* Start (or restart) a bulk copy under a new generation. */
int ledger_bulk(struct ledger *ledger, uint64_t now);

/* --- for the files of the ledger --- */
/* Begin a copy; on an error the node goes on alone. */
int bulk_begin(struct ledger *ledger, uint64_t now);
/* Make the next piece of the copy, if there is one to make now. */
void bulk_advance(struct ledger *ledger, uint64_t now);
void bulk_done(struct ledger *ledger, uint64_t number);
/* The host has come back from whatever else it does: more may be made. */
void bulk_turn(struct ledger *ledger);
/* When it is to come back for that; L2TPHA_NEVER = there is nothing to make now. */
uint64_t bulk_deadline(const struct ledger *ledger);

#endif
