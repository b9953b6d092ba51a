/* SPDX-License-Identifier: MIT */
/* Checkpoints of one stream of a store, sealed. Each begins with an octet that no checkpoint begins
 * with:
 *
 *   the first one   00 "L2S" 01, suite, id of the key in 4 octets, salt of 32; and it, and its tag
 *   others          00 01; and it, and its tag
 *
 * The id has its highest octet first. The stream has a key of its own,
 * HKDF-SHA-256(secret, salt, "store" and the ten octets before the salt); numbers from 0 are its
 * nonces, in their order, and what stands before a ciphertext is authenticated with it. No stream
 * is gone on with by another process, so no nonce comes twice. */
#ifndef SEAL_SEALED_ITEM_H
#define SEAL_SEALED_ITEM_H

#include "cipher.h"
#include "keys.h"

#define ITEM_SALT 32
#define ITEM_FIRST (10 + ITEM_SALT)
#define ITEM_NEXT 2
#define ITEM_MORE (ITEM_FIRST + L2TPHA_TAG_SIZE) /* octets that sealing adds at most */

struct item_stream {
    struct cipher cipher;
    uint8_t head[ITEM_FIRST]; /* of the first one */
    bool begun;               /* the first one is there */
};

/* To be written, with a salt that nobody has had. CRYPTO. */
int item_begin(struct item_stream *stream, const struct l2tpha_crypto *crypto,
               const struct l2tpha_seal_keys *keys, const uint8_t salt[ITEM_SALT]);
/* dst has len + ITEM_MORE octets. CRYPTO. */
int item_seal(struct item_stream *stream, const uint8_t *data, size_t len, uint8_t *dst,
              size_t *sealed_len);
bool item_is_sealed(const uint8_t *data, size_t len);
/* Where it is; the stream is zero-filled, but for the cipher's crypto, before the first one.
 * L2TPHA_ERR_SEAL: *fault says why. CRYPTO. */
int item_open(struct item_stream *stream, const struct l2tpha_seal_keys *keys, uint8_t *data,
              size_t len, struct l2tpha_bytes *plain, const char **fault);
void item_end(struct item_stream *stream);

#endif
