/* SPDX-License-Identifier: MIT */
#ifndef SEAL_KEYS_H
#define SEAL_KEYS_H

#include <l2tpha/seal.h>

struct seal_key {
    uint32_t id;
    uint8_t secret[L2TPHA_KEY_SIZE];
};

struct l2tpha_seal_keys {
    const struct l2tpha_crypto *crypto;
    enum l2tpha_suite suite;
    size_t count; /* at least one */
    struct seal_key keys[L2TPHA_SEAL_KEYS_MAX];
};

/* NULL = no key has that id. */
const struct seal_key *seal_keys_find(const struct l2tpha_seal_keys *keys, uint32_t id);

#endif
