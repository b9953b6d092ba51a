/* SPDX-License-Identifier: MIT */
/* The log: increments that some cursor has not confirmed. They are the same bytes for all. */
#ifndef STATE_LEDGER_LOG_H
#define STATE_LEDGER_LOG_H

#include "base/buffer.h"

struct ledger;
struct logged;

/* The next increment; the number is made here. On an error the buffer is given back. */
int ledger_log_add(struct ledger *ledger, struct buffer *blob, uint64_t now);
/* NULL = it is not there any more, or not yet. */
const struct logged *ledger_log_at(const struct ledger *ledger, uint64_t number);
/* Bytes of the increments behind this number, and when the first of them was made: 0 and 0 = there
 * are none. */
uint64_t ledger_log_behind(const struct ledger *ledger, uint64_t number, uint64_t *since);
/* What all have confirmed, up to this number, goes. */
void ledger_log_trim(struct ledger *ledger, uint64_t all);

#endif
