/* SPDX-License-Identifier: MIT */
/* Requests to the JSON gateway. A transaction also reads all three keys, whichever way it goes: so
 * each answer says how things are, at the instant at which it was decided. */
#ifndef ETCD_BODY_H
#define ETCD_BODY_H

#include "base64.h"
#include "claim.h"
#include "place.h"

#define KEY_MAX (sizeof("l2tpha//epoch") + GROUP_MAX)

/* Names of the keys, in base64. */
struct keys {
    char epoch[BASE64_SIZE(KEY_MAX)];
    char claim[BASE64_SIZE(KEY_MAX)];
    char alive[BASE64_SIZE(KEY_MAX)];
};

void keys_of(const char *group, struct keys *keys);

/* Each is talloc'd below parent; NULL: no memory. */
char *body_read(TALLOC_CTX *parent, const struct keys *keys);

/* Put text in place of the claim of this revision, where nobody is alive, and alive under the
 * lease; epoch_revision is that of the epoch's key. */
#define TAKE_PUTS 3
char *body_take(TALLOC_CTX *parent, const struct keys *keys, const struct l2tpha_claim *claim,
                const char *text, uint64_t revision, uint64_t epoch_revision, uint64_t lease);

/* Put text in place of the claim of this revision and epoch. */
#define CHANGE_PUTS 1
char *body_change(TALLOC_CTX *parent, const struct keys *keys, uint64_t epoch, const char *text,
                  uint64_t revision);

/* Put the claim of this epoch as it is: under a new revision, so that no change that is still on
 * its way comes to pass. */
#define FENCE_PUTS 1
char *body_fence(TALLOC_CTX *parent, const struct keys *keys, uint64_t epoch);

char *body_grant(TALLOC_CTX *parent, uint32_t ttl_s);
/* Of a renewal and of its end. */
char *body_lease(TALLOC_CTX *parent, uint64_t lease);

#endif
