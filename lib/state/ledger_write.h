/* SPDX-License-Identifier: MIT */
/* Writing one checkpoint. For the files of the ledger. */
#ifndef STATE_LEDGER_WRITE_H
#define STATE_LEDGER_WRITE_H

#include "state/draft.h"

struct buffer;
struct ledger;

/* Puts a checkpoint's records; called again from the start when the scratch had to grow. */
typedef int (*draft_fill)(struct draft *draft, struct ledger *ledger, void *argument);

/* Write a checkpoint; fill NULL = no records. The buffer is the caller's; on an error nothing has
 * changed. header: version and epoch are set here. */
int ledger_write(struct ledger *ledger, struct l2tpha_checkpoint_header *header, draft_fill fill,
                 void *argument, struct buffer **blob);

#endif
