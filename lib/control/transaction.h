/* SPDX-License-Identifier: MIT */
/* Where a transaction ends: its checkpoint, its events, and the objects that died in it. */
#ifndef CONTROL_TRANSACTION_H
#define CONTROL_TRANSACTION_H

#include "control/context.h"

/* End it: commit, and free what died. Returns error unchanged. One of a host's own machines goes on
 * until inbox_finish(), and so do calls of engine_commit() meanwhile. */
int engine_leave(struct engine *engine, int error);
/* Close the transaction: commit the ledger, give its events their number, and free what ended
 * in it. Tunnels alone stay for those who are at work on them. Not in a step of a session or of a
 * recovery. */
void engine_commit(struct engine *engine);
/* Give the events made since the last commit the number on which they depend. */
void engine_close_events(struct engine *engine, uint64_t number);
/* Checked builds: at the end of an entry call all is as it should be. */
void engine_audited(struct engine *engine);
/* Free the dead, tunnels as well, whose events have been polled. Not in a step of a tunnel. */
void engine_reap(struct engine *engine);
/* What a channel changes goes into the ledger. */
extern const struct channel_port channel_port_ledger;
/* ledger_options.confirmed; user = the engine */
void engine_confirmed(void *user, struct tunnel_entry *entry);

#endif
