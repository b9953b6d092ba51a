/* SPDX-License-Identifier: MIT */
/* A build without libl2tpha-seal: there are no keys, and so no seals. */
#include "pair.h"
#include "sealed.h"

int sealed_set_keys(struct l2tpha_pair *pair, const char *text, const char **why)
{
    (void)pair, (void)text;
    *why = l2tpha_strerror(L2TPHA_ERR_UNSUPPORTED);
    return L2TPHA_ERR_UNSUPPORTED;
}

int sealed_new(const struct l2tpha_pair *pair, void *parent, bool accept, struct l2tpha_seal **seal)
{
    (void)pair, (void)parent, (void)accept;
    *seal = NULL;
    return L2TPHA_ERR_UNSUPPORTED;
}

bool sealed_is_open(const struct l2tpha_seal *seal)
{
    (void)seal;
    return false;
}

const char *sealed_reason(const struct l2tpha_seal *seal)
{
    (void)seal;
    return NULL;
}

int sealed_feed(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                struct l2tpha_bytes *plain)
{
    (void)seal, (void)data, (void)len;
    *used = 0;
    *plain = (struct l2tpha_bytes){NULL, 0};
    return L2TPHA_ERR_UNSUPPORTED;
}

size_t sealed_poll(struct l2tpha_seal *seal, struct l2tpha_link *link, const uint8_t **data,
                   int *error)
{
    (void)seal;
    *error = L2TPHA_OK;
    return l2tpha_link_poll(link, data, l2tpha_pair_now());
}

void sealed_sent(struct l2tpha_seal *seal, struct l2tpha_link *link, size_t len)
{
    (void)seal;
    l2tpha_link_sent(link, len);
}

uint32_t sealed_key_id(const struct l2tpha_seal *seal)
{
    (void)seal;
    return 0;
}
