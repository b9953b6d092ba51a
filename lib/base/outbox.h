/* SPDX-License-Identifier: MIT */
/* A first-in-first-out ring of fixed-size items with a limit. It grows by doubling up to the limit
 * and keeps its memory, so a steady state allocates nothing. */
#ifndef BASE_OUTBOX_H
#define BASE_OUTBOX_H

#include <l2tpha/types.h>
#include <talloc.h>

struct outbox;

int outbox_new(TALLOC_CTX *parent, size_t item_size, uint32_t limit, struct outbox **outbox);
/* A zeroed slot at the tail; NULL when the limit is reached or memory is out (then *error is
 * L2TPHA_ERR_LIMIT or L2TPHA_ERR_NOMEM; error may be NULL). Addresses hold until the next push. */
void *outbox_push(struct outbox *outbox, int *error);
void *outbox_head(const struct outbox *outbox); /* oldest, NULL when empty */
void *outbox_at(const struct outbox *outbox,
                uint32_t place); /* place 0 = oldest; NULL past the end */
void outbox_pop(struct outbox *outbox);
uint32_t outbox_count(const struct outbox *outbox);
uint32_t outbox_room(const struct outbox *outbox); /* items that still fit under the limit */

#endif
