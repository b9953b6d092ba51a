/* SPDX-License-Identifier: MIT */
/* The copy for a cursor. For the files of the ledger. */
#ifndef STATE_BULK_H
#define STATE_BULK_H

#include <l2tpha/types.h>

struct buffer;
struct cursor;
struct ledger;

/* Whether there is a piece of a copy to be given out to it now. */
bool bulk_is_due(const struct ledger *ledger, const struct cursor *cursor);
/* Make that piece: it is the next thing in the cursor's stream. NULL = it could not be, and the
 * cursor gets nothing more. */
struct buffer *bulk_make(struct ledger *ledger, struct cursor *cursor, uint64_t now);
/* The host has come back from whatever else it does: more may be made. */
void bulk_turn(struct ledger *ledger);
/* When it is to come back for that; L2TPHA_NEVER = there is nothing to make now. */
uint64_t bulk_deadline(const struct ledger *ledger);

#endif
