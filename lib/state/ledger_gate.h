/* SPDX-License-Identifier: MIT */
/* What may be sent. A mark says what a tunnel may send once a number is confirmed. For the files of
 * the ledger. */
#ifndef STATE_LEDGER_GATE_H
#define STATE_LEDGER_GATE_H

#include "state/entry.h"

struct ledger;

/* Note what becomes safe for a tunnel once the newest number is confirmed. */
int ledger_push_mark(struct ledger *ledger, struct tunnel_entry *entry);
/* All who are waited for hold this number: the marks up to it are popped. */
void ledger_open_gate(struct ledger *ledger, uint64_t known);
/* Nothing is marked any more. number = checkpoint that has it, 0 = none was written. */
void ledger_clean(struct ledger *ledger, uint64_t number);

#endif
