/* SPDX-License-Identifier: MIT */
/* The lease of a node that serves by one, where the options have an authority: l2tpha/authority.h.
 * What the pair does about it is in taking.h. A node's name in the claim is "node-" and its rank,
 * which the others know by its hello. Where libl2tpha-authority is left out: leasing_absent.c. */
#ifndef PAIR_LEASING_H
#define PAIR_LEASING_H

#include <l2tpha/authority.h>
#include <l2tpha/pair.h>

bool leasing_is_used(const struct l2tpha_pair *pair);

/* The node is a standby that was just made. NULL, or what is wrong. */
const char *leasing_begin(struct l2tpha_pair *pair);
/* It is about to be freed. The next one is made with what the claim is known to be. */
void leasing_end(struct l2tpha_pair *pair);
void leasing_free(struct l2tpha_pair *pair);

/* Right before each l2tpha_poll(): whoever may speak no longer is held. */
void leasing_check(struct l2tpha_pair *pair);
/* Whether the node's streams are read. */
bool leasing_reads(const struct l2tpha_pair *pair);
/* In each turn of the loop. */
void leasing_service(struct l2tpha_pair *pair);
bool leasing_event(struct l2tpha_pair *pair, struct l2tpha_lease_event *event);
uint64_t leasing_deadline(const struct l2tpha_pair *pair);
/* Zeros without a lease. */
struct l2tpha_lease_info leasing_info(const struct l2tpha_pair *pair);
bool leasing_has(const struct l2tpha_pair *pair, enum l2tpha_lease_state state);
/* The node is in the claim, as that was seen last. */
bool leasing_includes(const struct l2tpha_pair *pair);

void leasing_want(struct l2tpha_pair *pair, enum l2tpha_lease_want want);
/* As l2tpha_lease_leave() and _return(). */
int leasing_leave(struct l2tpha_pair *pair);
int leasing_return(struct l2tpha_pair *pair);

/* A consumer is the standby of this rank, l2tpha_lease_add(). */
int leasing_add(struct l2tpha_pair *pair, uint32_t rank, uint32_t consumer);
/* It is that no more: whatever is known under this rank, or of this consumer. */
void leasing_drop(struct l2tpha_pair *pair, uint32_t rank);
/* False: it is none that was added. */
bool leasing_drop_consumer(struct l2tpha_pair *pair, uint32_t consumer);
/* The standby of this rank is in the claim; always without an authority. */
bool leasing_protects(const struct l2tpha_pair *pair, uint32_t rank);

#endif
