/* SPDX-License-Identifier: MIT */
/* What the ledger has to do with digests: at which moment one is about the same as the standby will
 * compare it with, what becomes of a cursor whose copy differs, and the copy of a bucket alone. */
#ifndef STATE_LEDGER_BUCKET_H
#define STATE_LEDGER_BUCKET_H

#include "state/bucket.h"
#include "state/draft.h"

struct ledger;

/* The table is as the newest increment has it, the cursor has its copy, and what it was given last,
 * with this position, is all that there is. *number = of that increment. */
bool ledger_is_level(const struct ledger *ledger, uint32_t id, uint64_t position, uint64_t *number);
/* In a bucket its copy is not what it should be: it is in sync no more, until that is repaired.
 * Outputs wait for it on, since all else is what it was: a takeover from what was left on the way
 * would lose more. Who holds outputs (cursor_hold()) lets on what it was known to hold, and nothing
 * else. False: it is not in sync. */
bool ledger_differs(struct ledger *ledger, uint32_t id, const char *why);
/* Whether it does, and no other copy was begun since. */
bool ledger_is_different(const struct ledger *ledger, uint32_t id);
/* It has said that the bucket is what it should be. */
void ledger_repaired(struct ledger *ledger, uint32_t id);
/* A checkpoint of what is in the bucket, one more part of its copy; valid until the next call of
 * any ledger function. */
int ledger_write_bucket(struct ledger *ledger, uint32_t id, struct bucket bucket,
                        struct l2tpha_bytes *data);

#endif
