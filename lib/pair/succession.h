/* SPDX-License-Identifier: MIT */
/* l2tpha_pair_options::replaces: who serves holds the lock beside the socket (lock.h), and passes
 * it on with the role, so that nobody else finds it free between the two, and nobody serves without
 * it. Without that option there is nothing to any of this. */
#ifndef PAIR_SUCCESSION_H
#define PAIR_SUCCESSION_H

#include <stdbool.h>
#include <stdint.h>

struct l2tpha_pair;

/* Under which the lock is passed: no tag of the program's. */
#define SUCCESSION_TAG UINT32_MAX

/* Active: the successor accepts, and has the lock before it is told to serve. */
void succession_hand_over(struct l2tpha_pair *pair);
/* ... and does not serve: the lock was this process's all the time. */
void succession_take_back(struct l2tpha_pair *pair);
/* ... and does: what the store has is the successor's. */
void succession_note(struct l2tpha_pair *pair);

/* NULL = this process may serve, and has the lock; or why not. */
const char *succession_claim(struct l2tpha_pair *pair);
/* It serves; or could not after all. */
void succession_serve(struct l2tpha_pair *pair);
void succession_fail(struct l2tpha_pair *pair);
/* The copy is not the best that can be gone on from: the store is. */
bool succession_has_better(const struct l2tpha_pair *pair);

/* Whoever was replaced has some seconds to leave: what it holds is wanted, such as the store. */
void succession_end_predecessor(struct l2tpha_pair *pair);
void succession_end(struct l2tpha_pair *pair); /* without a word */

#endif
