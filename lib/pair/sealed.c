/* SPDX-License-Identifier: MIT */
#include "sealed.h"
#include "pair.h"

#include <l2tpha/seal.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char *describe(struct l2tpha_pair *pair, const struct l2tpha_seal_fault *fault,
                            int error)
{
    if (fault->why == NULL)
        return l2tpha_strerror(error);
    if (fault->line == 0)
        return fault->why;
    snprintf(pair->why, sizeof(pair->why), "line %u: %s", fault->line, fault->why);
    return pair->why;
}

int sealed_set_keys(struct l2tpha_pair *pair, const char *text, const char **why)
{
    struct l2tpha_seal_fault fault = {0};
    size_t len = strlen(text);
    int error = pair->keys != NULL ? l2tpha_seal_keys_replace(pair->keys, text, len, &fault)
                                   : l2tpha_seal_keys_new(pair, pair->options.crypto, text, len,
                                                          &fault, &pair->keys);
    if (error != L2TPHA_OK)
        *why = describe(pair, &fault, error);
    return error;
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : -1;
}

int sealed_new(const struct l2tpha_pair *pair, void *parent, bool accept, struct l2tpha_seal **seal)
{
    struct l2tpha_seal_options options = {.size = sizeof(options),
                                          .crypto = pair->options.crypto,
                                          .keys = pair->keys,
                                          .accept = accept,
                                          .random = draw};
    return l2tpha_seal_new(parent, &options, l2tpha_pair_now(), seal);
}

static struct l2tpha_seal_info info_of(const struct l2tpha_seal *seal)
{
    struct l2tpha_seal_info info = {.size = sizeof(info)};
    l2tpha_seal_get(seal, &info);
    return info;
}

bool sealed_is_open(const struct l2tpha_seal *seal)
{
    return info_of(seal).state == L2TPHA_SEAL_OPEN;
}

const char *sealed_reason(const struct l2tpha_seal *seal)
{
    return seal != NULL ? info_of(seal).reason : NULL;
}

int sealed_feed(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used,
                struct l2tpha_bytes *plain)
{
    return l2tpha_seal_feed(seal, data, len, used, plain, l2tpha_pair_now());
}

size_t sealed_poll(struct l2tpha_seal *seal, struct l2tpha_link *link, const uint8_t **data,
                   int *error)
{
    uint64_t now = l2tpha_pair_now();
    size_t len, used;
    *error = L2TPHA_OK;
    if (seal == NULL)
        return l2tpha_link_poll(link, data, now);
    if ((len = l2tpha_seal_poll(seal, data)) > 0 || link == NULL)
        return len;
    if ((len = l2tpha_link_poll(link, data, now)) == 0)
        return 0;
    *error = l2tpha_seal_write(seal, *data, len, &used, now);
    l2tpha_link_sent(link, used);
    return l2tpha_seal_poll(seal, data);
}

void sealed_sent(struct l2tpha_seal *seal, struct l2tpha_link *link, size_t len)
{
    if (seal == NULL)
        l2tpha_link_sent(link, len);
    else
        l2tpha_seal_sent(seal, len);
}

uint32_t sealed_key_id(const struct l2tpha_seal *seal)
{
    return seal != NULL ? info_of(seal).key_id : 0;
}
