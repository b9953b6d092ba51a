/* SPDX-License-Identifier: MIT */
/* Writing one checkpoint. For the files of the ledger. */
#ifndef STATE_LEDGER_WRITE_H
#define STATE_LEDGER_WRITE_H

#include "state/draft.h"

struct ledger;

/* Puts a checkpoint's records; called again from the start when the scratch had to grow. */
typedef int (*draft_fill)(struct draft *draft, struct ledger *ledger, void *argument);

/* Write and queue the checkpoint with the next number; fill NULL = no records. On an error nothing
 * has changed. header: kind, generation, count and digest are the caller's. */
int ledger_write(struct ledger *ledger, struct l2tpha_checkpoint_header *header, draft_fill fill,
                 void *argument, uint64_t now);

#endif
