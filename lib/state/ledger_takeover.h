/* SPDX-License-Identifier: MIT */
/* The ledger of a node that takes over. */
#ifndef STATE_LEDGER_TAKEOVER_H
#define STATE_LEDGER_TAKEOVER_H

#include "state/entry.h"

struct ledger;

/* Go on as the active under a new epoch, with numbers after `last`. Mode OFF. */
void ledger_begin_epoch(struct ledger *ledger, uint64_t epoch, uint64_t last);
/* A tunnel that a replica has left: its safe and committed marks are what its record says. It is
 * among the pending no more. Before anything of it is marked. */
void ledger_adopt(const struct ledger *ledger, struct tunnel_entry *entry);
/* Not all tunnels are adopted yet: a copy that is asked for meanwhile begins when they are. */
void ledger_hold(struct ledger *ledger, bool held);
uint64_t ledger_epoch(const struct ledger *ledger);

#endif
