/* SPDX-License-Identifier: MIT */
/* The end of a stream to a standby: the node goes on alone. */
#ifndef STATE_LEDGER_STOP_H
#define STATE_LEDGER_STOP_H

#include "state/entry.h"

struct ledger;

/* No standby any more: everything is confirmed, nothing is written. */
void ledger_stop(struct ledger *ledger, const char *why, uint64_t now);

/* --- for the files of the ledger --- */
/* The stream is over: nothing waits for it any more. */
void ledger_reset(struct ledger *ledger);
/* Go on alone, and tell the standby so. */
void ledger_abandon(struct ledger *ledger, const char *why, uint64_t now);
/* Go on alone because of an error. */
void ledger_fail(struct ledger *ledger, int error, uint64_t now);

#endif
