/* SPDX-License-Identifier: MIT */
/* Names in a claim. */
#ifndef AUTHORITY_CLAIM_H
#define AUTHORITY_CLAIM_H

#include <l2tpha/authority.h>

/* The owner alone holds all. */
struct l2tpha_claim claim_of(const char *owner, uint64_t epoch);
bool claim_is_of(const struct l2tpha_claim *claim, const char *owner, uint64_t epoch);
/* Its owner held nothing in the end, so there is nothing that another one could lack. One without
 * an owner was deleted by somebody, and says nothing. */
bool claim_is_void(const struct l2tpha_claim *claim);
bool claim_has(const struct l2tpha_claim *claim, const char *name);
/* A name that it has not. False: no room. */
bool claim_add(struct l2tpha_claim *claim, const char *name);
bool claim_has_same(const struct l2tpha_claim *a, const struct l2tpha_claim *b);

#endif
