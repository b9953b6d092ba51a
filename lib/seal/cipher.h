/* SPDX-License-Identifier: MIT */
/* A key and the number of its next nonce: one direction of a sealed link, or a handshake's (Noise
 * 5.1, CipherState). */
#ifndef SEAL_CIPHER_H
#define SEAL_CIPHER_H

#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

struct cipher {
    const struct l2tpha_crypto *crypto;
    enum l2tpha_suite suite;
    uint8_t key[L2TPHA_KEY_SIZE];
    uint64_t nonce; /* goes on when the key changes; the last one is REKEY's */
};

/* A new key: nonces begin at 0. */
void cipher_set_key(struct cipher *cipher, const uint8_t key[L2TPHA_KEY_SIZE]);
/* Where the data is. L2TPHA_ERR_CRYPTO, or L2TPHA_ERR_LIMIT once the nonces are used up. */
int cipher_seal(struct cipher *cipher, struct l2tpha_bytes aad, uint8_t *data, size_t len,
                uint8_t tag[L2TPHA_TAG_SIZE]);
/* Likewise, and L2TPHA_ERR_SEAL, after which the nonce is still the same. */
int cipher_open(struct cipher *cipher, struct l2tpha_bytes aad, uint8_t *data, size_t len,
                const uint8_t tag[L2TPHA_TAG_SIZE]);
/* REKEY (Noise 4.2, 11.3). */
int cipher_rekey(struct cipher *cipher);

#endif
