/* SPDX-License-Identifier: MIT */
/* The claim names nodes, and a node that has begun anew has the name of the one that held all. So
 * the copy has to be of the claim's epoch. It is: a standby accepts no copy of an older epoch than
 * it was made with, and one that was made with an older epoch than the claim had then is given up;
 * and an epoch that began later has counted on this node, not on its predecessor. */
#include "authority/copy.h"

static bool is_complete(enum l2tpha_role role)
{
    return role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD ||
           role == L2TPHA_ROLE_CUT_OFF;
}

/* An active that was told of this node's next epoch has stopped, and says so in it. The copy is of
 * the epoch before, for nobody else ever has an epoch of this rank. */
static bool was_announced(const struct l2tpha_lease *lease, uint64_t epoch)
{
    uint32_t rank = l2tpha_node_config(lease->node)->rank;

    return lease->floor <= lease->claim.epoch &&
           epoch == l2tpha_epoch_next(lease->claim.epoch, rank);
}

/* Why it may be behind; NULL = it is not. */
static const char *behind(const struct l2tpha_lease *lease,
                          const struct l2tpha_redundancy_info *info)
{
    if (!claim_has(&lease->claim, lease->options.name))
        return "not in sync by the claim";
    if (!is_complete(info->role))
        return "the copy is not complete";
    if (info->epoch != lease->claim.epoch && !was_announced(lease, info->epoch))
        return "the copy may be of another epoch than the claim";
    return NULL;
}

const char *copy_trust(const struct l2tpha_lease *lease, enum l2tpha_trust *trust)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    bool empty = claim_is_void(&lease->claim);
    bool anything = lease->want == L2TPHA_LEASE_SERVE_STALE || lease->claim.epoch == 0 || empty;

    l2tpha_redundancy_get(lease->node, &info);
    const char *why = behind(lease, &info);
    if (why && !anything)
        return why;
    bool whole = !empty && (info.whole || is_complete(info.role)); /* what it has is over */
    *trust = !why ? L2TPHA_TRUST_EXACT : whole ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EMPTY;
    return NULL;
}
