/* SPDX-License-Identifier: MIT */
/** @file
 *  Crypto operations, filled in by an adapter or by the host. The core has no crypto of its own. */
#ifndef L2TPHA_CRYPTO_H
#define L2TPHA_CRYPTO_H

#include <l2tpha/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define L2TPHA_MD5_SIZE 16    /**< bytes of an MD5 digest */
#define L2TPHA_SHA1_SIZE 20   /**< bytes of a SHA-1 digest */
#define L2TPHA_SHA256_SIZE 32 /**< bytes of a SHA-256 digest */
#define L2TPHA_KEY_SIZE                                                                            \
    32 /**< bytes of a key of either suite, and of X25519's scalars and points */
#define L2TPHA_NONCE_SIZE 12 /**< bytes of a nonce of either suite */
#define L2TPHA_TAG_SIZE 16   /**< bytes of a tag of either suite */

/** What a sealed link is encrypted and authenticated with (l2tpha/seal.h). */
enum l2tpha_suite {
    L2TPHA_SUITE_CHACHA = 1, /**< ChaCha20-Poly1305 (RFC 8439) */
    L2TPHA_SUITE_AES = 2     /**< AES-256-GCM (NIST SP 800-38D) */
};

/** One stretch of bytes of a hash input. */
struct l2tpha_bytes {
    const uint8_t *data; /**< borrowed; may be NULL when len is 0 */
    size_t len;          /**< bytes */
};

/** Crypto operations. Zero-fill it and set size, the three functions that are required, and what
 *  else there is: what is NULL or lies beyond size is not offered. A sealed link needs all from
 *  sha256 on. */
struct l2tpha_crypto {
    size_t size;      /**< sizeof(struct l2tpha_crypto) */
    const char *name; /**< for show and logs */
    void *user;       /**< first argument of each operation */
    /** MD5 over the concatenation of count parts (RFC 1321): tunnel authentication and AVP
     *  hiding, RFC 2661 4.3 and 5.1.1. 0 or L2TPHA_ERR_CRYPTO. */
    int (*md5)(void *user, const struct l2tpha_bytes *parts, size_t count,
               uint8_t digest[L2TPHA_MD5_SIZE]);
    /** Whether two stretches are equal, in time independent of their content. */
    bool (*equal)(void *user, const uint8_t *a, const uint8_t *b, size_t len);
    /** Overwrite a secret so that the compiler cannot remove it. */
    void (*wipe)(void *user, uint8_t *data, size_t len);
    /** HMAC-MD5 (RFC 2104) over the concatenation of count parts: what an L2TPv3 control message is
     *  authenticated and its keys are derived with (RFC 3931 4.1.1, 4.3, 5.3). 0 or
     *  L2TPHA_ERR_CRYPTO. NULL = not offered; L2TPv2 needs none. */
    int (*hmac_md5)(void *user, const struct l2tpha_bytes *key, const struct l2tpha_bytes *parts,
                    size_t count, uint8_t digest[L2TPHA_MD5_SIZE]);
    /** HMAC-SHA-1, likewise: the other digest of RFC 3931 5.4.1. NULL = not offered. */
    int (*hmac_sha1)(void *user, const struct l2tpha_bytes *key, const struct l2tpha_bytes *parts,
                     size_t count, uint8_t digest[L2TPHA_SHA1_SIZE]);
    /** SHA-256 over the concatenation of count parts (RFC 6234). 0 or L2TPHA_ERR_CRYPTO. */
    int (*sha256)(void *user, const struct l2tpha_bytes *parts, size_t count,
                  uint8_t digest[L2TPHA_SHA256_SIZE]);
    /** HMAC-SHA-256, likewise (RFC 2104). 0 or L2TPHA_ERR_CRYPTO. */
    int (*hmac_sha256)(void *user, const struct l2tpha_bytes *key, const struct l2tpha_bytes *parts,
                       size_t count, uint8_t digest[L2TPHA_SHA256_SIZE]);
    /** X25519 (RFC 7748 5): the scalar is any 32 random bytes; the top bit of the point is ignored.
     *  0, or L2TPHA_ERR_CRYPTO, also where the result is all zeros: a point of small order. */
    int (*x25519)(void *user, const uint8_t scalar[L2TPHA_KEY_SIZE],
                  const uint8_t point[L2TPHA_KEY_SIZE], uint8_t result[L2TPHA_KEY_SIZE]);
    /** Encrypt len bytes where they are, and make the tag of them and of aad, which is sent in
     *  clear or known to both. One nonce serves one key once. 0 or L2TPHA_ERR_CRYPTO. */
    int (*seal)(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                uint8_t *data, size_t len, uint8_t tag[L2TPHA_TAG_SIZE]);
    /** Check the tag and decrypt len bytes where they are. 0; L2TPHA_ERR_SEAL: the tag is another
     *  one, and the bytes are overwritten with zeros; or L2TPHA_ERR_CRYPTO. */
    int (*open)(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                uint8_t *data, size_t len, const uint8_t tag[L2TPHA_TAG_SIZE]);
};

/** The adapter over GNU nettle; in the optional library l2tpha-nettle. Static. */
L2TPHA_API const struct l2tpha_crypto *l2tpha_crypto_nettle(void);

/** The adapter over Mbed TLS; in the optional library l2tpha-mbedtls. Static. */
L2TPHA_API const struct l2tpha_crypto *l2tpha_crypto_mbedtls(void);

#ifdef __cplusplus
}
#endif
#endif
