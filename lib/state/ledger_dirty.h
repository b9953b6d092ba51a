/* SPDX-License-Identifier: MIT */
/* The ledger's open transaction: what an entry call changes is marked, and stands in lists until
 * the commit. */
#ifndef STATE_LEDGER_DIRTY_H
#define STATE_LEDGER_DIRTY_H

#include "state/entry.h"

struct ledger;

void ledger_mark_tunnel(struct ledger *ledger, struct tunnel_entry *entry, uint8_t dirty);
void ledger_mark_session(struct ledger *ledger, struct session_entry *entry);
void ledger_mark_node(struct ledger *ledger);
/* Its numbers have been set anew, its queue is empty: what is confirmed of the old ones says
 * nothing of the new. */
void ledger_restart_tunnel(struct ledger *ledger, struct tunnel_entry *entry);
/* Note that an object is about to be removed (session_id 0 = the tunnel). Before table_*_remove. */
void ledger_gone_tunnel(struct ledger *ledger, struct tunnel_entry *entry);
void ledger_gone_session(struct ledger *ledger, struct session_entry *entry);
/* Likewise, and what is written of its tunnel says so: the tunnel is over, gone, or was reset. */
void ledger_forget_session(struct ledger *ledger, struct session_entry *entry);
/* So many sessions have ended that the others had better end in a checkpoint of their own. */
bool ledger_is_full(const struct ledger *ledger);

/* For the files of the ledger: it is marked no more. */
void ledger_unmark_tunnel(struct tunnel_entry *entry);

#endif
