/* SPDX-License-Identifier: MIT */
/* Things that have failed and are to be tried again: each failure in a row makes the pause twice as
 * long, and chance makes it up to half as long again, so that what has failed at one instant does
 * not come back at one. */
#ifndef EXAMPLES_RETRY_H
#define EXAMPLES_RETRY_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#define RETRY_PAUSE_MAX_S 30 /* where the first pause is not longer */

/* Part of what is tried; zero-filled. */
struct retry {
    void *owner;       /* what retry_due() gives out */
    uint64_t at;       /* when it is due */
    size_t place;      /* in the line, from 1; 0 = it does not wait */
    uint32_t failures; /* in a row; its owner sets 0 when it has succeeded */
};

/* All that wait, zero-filled: the first one due is found at once, however many there are. */
struct retry_line {
    struct retry **heap;
    size_t count;
};

/* The pause after so many failures before this one; chance is any number. */
uint64_t retry_pause_us(uint32_t first_s, uint32_t failures, uint32_t chance);

/* It has failed; harmless while it waits. The memory of the line hangs off parent. */
void retry_later(TALLOC_CTX *parent, struct retry_line *line, struct retry *retry, uint32_t first_s,
                 uint64_t now);

/* It is not to be tried any more; harmless when it does not wait. */
void retry_cancel(struct retry_line *line, struct retry *retry);

/* The owner of one that is due, which waits no longer; NULL = none is. */
void *retry_due(struct retry_line *line, uint64_t now);

/* When the next one is; UINT64_MAX = none waits. */
uint64_t retry_deadline(const struct retry_line *line);

#endif
