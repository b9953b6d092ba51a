/* SPDX-License-Identifier: MIT */
/* The store of the node that serves, if there is one: l2tpha/store.h. */
#ifndef PAIR_STORING_H
#define PAIR_STORING_H

#include <l2tpha/failover.h>
#include <l2tpha/pair.h>

struct l2tpha_pair;

/* Have the store of the options. NULL, or what is wrong. */
const char *storing_open(struct l2tpha_pair *pair);
/* What was served last is in the store, and nobody else can have served since: then the node is a
 * standby that holds it, and *trust how far. Else there is no node yet. NULL, or what is wrong. */
const char *storing_restore(struct l2tpha_pair *pair, bool *restored, enum l2tpha_trust *trust);
/* The node serves, or is about to. */
const char *storing_begin(struct l2tpha_pair *pair);
/* It is gone. */
void storing_end(struct l2tpha_pair *pair);
/* It serves no more, and another one may: what the store has is old. */
void storing_retire(struct l2tpha_pair *pair);
void storing_free(struct l2tpha_pair *pair);

/* False: the checkpoint is for somebody else. */
bool storing_take(struct l2tpha_pair *pair, const struct l2tpha_output *output);
/* Whether the node has more to say for it. */
bool storing_service(struct l2tpha_pair *pair);
uint64_t storing_deadline(const struct l2tpha_pair *pair);

#endif
