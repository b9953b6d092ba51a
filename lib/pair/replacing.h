/* SPDX-License-Identifier: MIT */
/* l2tpha_pair_options::replaces: each start of a program replaces the one before. It is a pair over
 * unix whose active hands over to whoever comes to be in sync, and ends; and whose standby does not
 * wait for ever. */
#ifndef PAIR_REPLACING_H
#define PAIR_REPLACING_H

#include <stdint.h>

struct l2tpha_pair;

/* At the start. NULL, or why not. */
const char *replacing_start(struct l2tpha_pair *pair);

/* After each turn of the loop, and when that is to be at the latest. */
void replacing_advance(struct l2tpha_pair *pair);
uint64_t replacing_deadline(const struct l2tpha_pair *pair);

#endif
