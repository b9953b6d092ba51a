/* SPDX-License-Identifier: MIT */
/* How long a standby may confirm nothing. */
#ifndef STATE_SILENCE_H
#define STATE_SILENCE_H

#include <l2tpha/types.h>

struct ledger;

/* This node was away since `from` or later: that is not the standby's silence. */
void ledger_absent(struct ledger *ledger, uint64_t from, uint64_t now);

/* --- for the files of the ledger --- */
uint64_t silence_deadline(const struct ledger *ledger);
void silence_check(struct ledger *ledger, uint64_t now);

#endif
