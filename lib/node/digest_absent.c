/* SPDX-License-Identifier: MIT */
/* In place of digests in a library without L2TPHA_DIGESTS: none are sent, and who sends one is
 * answered as by a release that does not know them. */
#include "node/digest.h"
#include "redundancy/link_digest.h"

const struct digest_ops *node_digests(void)
{
    return NULL;
}

uint64_t link_digest_due(const struct l2tpha_link *link)
{
    (void)link;
    return L2TPHA_NEVER;
}

int link_digest(struct l2tpha_link *link, uint64_t now)
{
    (void)link, (void)now;
    return L2TPHA_OK;
}

int link_take_digest(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    (void)link, (void)frame, (void)now;
    return L2TPHA_OK;
}

int link_take_verdict(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    (void)link, (void)frame, (void)now;
    return L2TPHA_ERR_LINK;
}
