/* SPDX-License-Identifier: MIT */
/* The handshake Noise_NNpsk0_25519_*_SHA256 (Noise 5.2, 5.3, 7.4, 9): two messages,
 *
 *     -> psk, e
 *     <- e, ee
 *
 * The key that both ends have comes first, so that a message of whoever lacks it fails its tag
 * before anything is computed on the curve. */
#ifndef SEAL_NOISE_H
#define SEAL_NOISE_H

#include "cipher.h"

/* What a message is longer than its payload: the ephemeral key and a tag. */
#define NOISE_OVERHEAD (L2TPHA_KEY_SIZE + L2TPHA_TAG_SIZE)

struct noise {
    struct cipher cipher;                /* of payloads of the handshake */
    uint8_t chain[L2TPHA_SHA256_SIZE];   /* ck: all keys so far */
    uint8_t hash[L2TPHA_SHA256_SIZE];    /* h: all that was said so far */
    uint8_t secret[L2TPHA_KEY_SIZE];     /* own ephemeral scalar */
    uint8_t ephemeral[L2TPHA_KEY_SIZE];  /* own point */
    uint8_t peer_point[L2TPHA_KEY_SIZE]; /* the peer's */
};

/* Both ends, with the same prologue and key. */
int noise_begin(struct noise *noise, const struct l2tpha_crypto *crypto, enum l2tpha_suite suite,
                struct l2tpha_bytes prologue, const uint8_t psk[L2TPHA_KEY_SIZE]);
/* The first message, of who connects. secret: 32 random bytes. message: has room for the payload
 * and NOISE_OVERHEAD. */
int noise_write_first(struct noise *noise, const uint8_t secret[L2TPHA_KEY_SIZE],
                      struct l2tpha_bytes payload, uint8_t *message);
/* Of who accepts. The payload is opened where it is, behind the key. L2TPHA_ERR_SEAL: of a
 * stranger, or changed under way. */
int noise_read_first(struct noise *noise, uint8_t *message, size_t len);
/* The second message, of who accepts. */
int noise_write_second(struct noise *noise, const uint8_t secret[L2TPHA_KEY_SIZE],
                       struct l2tpha_bytes payload, uint8_t *message);
int noise_read_second(struct noise *noise, uint8_t *message, size_t len);
/* The keys of both directions: of who connects, of who accepts. Then the handshake is wiped. */
int noise_split(struct noise *noise, struct cipher *connects, struct cipher *accepts);
void noise_wipe(struct noise *noise, const struct l2tpha_crypto *crypto);

#endif
