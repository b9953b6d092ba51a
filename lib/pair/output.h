/* SPDX-License-Identifier: MIT */
/* What the node has to say: to peers, to the program, to the other node. */
#ifndef PAIR_OUTPUT_H
#define PAIR_OUTPUT_H

#include <l2tpha/pair.h>

/* Let out all that there is. */
void output_drain(struct l2tpha_pair *pair);

#endif
