/* SPDX-License-Identifier: MIT */
/* The standbys of a node that serves, and which of them are to be in the claim.
 *
 * A node in the claim may take over at any moment, so nothing leaves that it lacks: outputs wait
 * for it whatever becomes of it, from before its name is sent until it is known that it is not in
 * the claim, and cannot come into it by anything that was sent. */
#ifndef AUTHORITY_MEMBERS_H
#define AUTHORITY_MEMBERS_H

#include "authority/lease_private.h"

struct member *members_find(struct l2tpha_lease *lease, const char *name);
/* The claim as it should be now, of this owner and epoch; with this outputs wait for all in it. */
struct l2tpha_claim members_claim(struct l2tpha_lease *lease, uint64_t now);
/* Whether it is another one than what is known. */
bool members_differ(const struct l2tpha_lease *lease);
/* Outputs wait no longer for who is not in the claim. */
void members_release(struct l2tpha_lease *lease, uint64_t now);

#endif
