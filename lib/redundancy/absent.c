/* SPDX-License-Identifier: MIT */
/* In place of the replication link in a library without L2TPHA_REDUNDANCY: none can be made. A node
 * has its roles all the same, and a host may carry checkpoints by itself. */
#include <l2tpha/error.h>
#include <l2tpha/link.h>

int l2tpha_link_new(struct l2tpha_node *node, const struct l2tpha_link_options *options,
                    uint64_t now, struct l2tpha_link **link)
{
    (void)node, (void)options, (void)now, (void)link;
    return L2TPHA_ERR_UNSUPPORTED;
}

void l2tpha_link_free(struct l2tpha_link *link, uint64_t now)
{
    (void)link, (void)now;
}

int l2tpha_link_feed(struct l2tpha_link *link, const uint8_t *data, size_t len, uint64_t now)
{
    (void)link, (void)data, (void)len, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_link_send(struct l2tpha_link *link, uint64_t number, const uint8_t *data, size_t len,
                     uint64_t now)
{
    (void)link, (void)number, (void)data, (void)len, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

size_t l2tpha_link_poll(struct l2tpha_link *link, const uint8_t **data, uint64_t now)
{
    (void)link, (void)data, (void)now;
    return 0;
}

void l2tpha_link_sent(struct l2tpha_link *link, size_t len)
{
    (void)link, (void)len;
}

uint64_t l2tpha_link_deadline(const struct l2tpha_link *link)
{
    (void)link;
    return L2TPHA_NEVER;
}

int l2tpha_link_expire(struct l2tpha_link *link, uint64_t now)
{
    (void)link, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_link_hand_over(struct l2tpha_link *link, uint64_t now)
{
    (void)link, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_link_withdraw(struct l2tpha_link *link, uint64_t now)
{
    (void)link, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_link_decline(struct l2tpha_link *link, int why, uint64_t now)
{
    (void)link, (void)why, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_link_announce(struct l2tpha_link *link, uint64_t epoch, bool force, uint64_t now)
{
    (void)link, (void)epoch, (void)force, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

void l2tpha_link_get(const struct l2tpha_link *link, struct l2tpha_link_info *info)
{
    (void)link, (void)info;
}
