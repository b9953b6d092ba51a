/* SPDX-License-Identifier: MIT */
#include "authority/claim.h"

#include <stdio.h>
#include <string.h>

static void put_name(char *to, const char *name)
{
    snprintf(to, L2TPHA_CLAIM_NAME_MAX + 1, "%s", name);
}

struct l2tpha_claim claim_of(const char *owner, uint64_t epoch)
{
    struct l2tpha_claim claim = {.epoch = epoch, .count = 1};

    put_name(claim.owner, owner);
    put_name(claim.in_sync[0], owner);
    return claim;
}

bool claim_is_of(const struct l2tpha_claim *claim, const char *owner, uint64_t epoch)
{
    return claim->epoch == epoch && strcmp(claim->owner, owner) == 0;
}

bool claim_is_void(const struct l2tpha_claim *claim)
{
    return claim->owner[0] && claim->count == 0;
}

bool claim_has(const struct l2tpha_claim *claim, const char *name)
{
    for (uint32_t i = 0; i < claim->count && i < L2TPHA_CLAIM_NODES_MAX; i++)
        if (strcmp(claim->in_sync[i], name) == 0)
            return true;
    return false;
}

bool claim_add(struct l2tpha_claim *claim, const char *name)
{
    uint32_t at = claim->count;

    if (at >= L2TPHA_CLAIM_NODES_MAX)
        return false;
    for (; at > 0 && strcmp(claim->in_sync[at - 1], name) > 0; at--)
        memcpy(claim->in_sync[at], claim->in_sync[at - 1], sizeof(claim->in_sync[at]));
    put_name(claim->in_sync[at], name);
    claim->count++;
    return true;
}

bool claim_has_same(const struct l2tpha_claim *a, const struct l2tpha_claim *b)
{
    for (uint32_t i = 0; i < a->count && i < L2TPHA_CLAIM_NODES_MAX; i++)
        if (!claim_has(b, a->in_sync[i]))
            return false;
    return a->count == b->count;
}
