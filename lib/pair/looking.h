/* SPDX-License-Identifier: MIT */
/* L2TPHA_PAIR_AUTO: is nobody there who serves, or who holds what was served? Then this node is to
 * serve. */
#ifndef PAIR_LOOKING_H
#define PAIR_LOOKING_H

struct l2tpha_pair;

#define LOOKING_US 1500000 /* over tcp: who else is there? */

/* At the start, or after it came to nothing. NULL, or what is wrong. */
const char *looking_start(struct l2tpha_pair *pair);

/* After each turn of the loop. */
void looking_advance(struct l2tpha_pair *pair);

#endif
