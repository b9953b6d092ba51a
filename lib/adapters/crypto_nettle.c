/* SPDX-License-Identifier: MIT */
/* Crypto operations over GNU nettle; X25519 is in its libhogweed, which only a build with the
 * sealed link needs. */
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#include <nettle/chacha-poly1305.h>
#ifdef L2TPHA_HOGWEED
#include <nettle/curve25519.h>
#endif
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>

static int adapter_md5(void *user, const struct l2tpha_bytes *parts, size_t count,
                       uint8_t digest[L2TPHA_MD5_SIZE])
{
    struct md5_ctx context;

    (void)user;
    md5_init(&context);
    for (size_t i = 0; i < count; i++)
        md5_update(&context, parts[i].len, parts[i].data);
    md5_digest(&context, L2TPHA_MD5_SIZE, digest);
    return L2TPHA_OK;
}

/* What a volatile pointer leads to is not known when compiling, so that the call cannot be
 * optimised away; nettle exports no wipe. */
static void adapter_wipe(void *user, uint8_t *data, size_t len)
{
    static void *(*const volatile overwrite)(void *, int, size_t) = memset;

    (void)user;
    if (len > 0)
        overwrite(data, 0, len);
}

/* The context has the key in it. */
static int adapter_hmac_md5(void *user, const struct l2tpha_bytes *key,
                            const struct l2tpha_bytes *parts, size_t count,
                            uint8_t digest[L2TPHA_MD5_SIZE])
{
    struct hmac_md5_ctx context;

    hmac_md5_set_key(&context, key->len, key->data);
    for (size_t i = 0; i < count; i++)
        hmac_md5_update(&context, parts[i].len, parts[i].data);
    hmac_md5_digest(&context, L2TPHA_MD5_SIZE, digest);
    adapter_wipe(user, (uint8_t *)&context, sizeof(context));
    return L2TPHA_OK;
}

static int adapter_hmac_sha1(void *user, const struct l2tpha_bytes *key,
                             const struct l2tpha_bytes *parts, size_t count,
                             uint8_t digest[L2TPHA_SHA1_SIZE])
{
    struct hmac_sha1_ctx context;

    hmac_sha1_set_key(&context, key->len, key->data);
    for (size_t i = 0; i < count; i++)
        hmac_sha1_update(&context, parts[i].len, parts[i].data);
    hmac_sha1_digest(&context, L2TPHA_SHA1_SIZE, digest);
    adapter_wipe(user, (uint8_t *)&context, sizeof(context));
    return L2TPHA_OK;
}

static bool adapter_equal(void *user, const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)user;
    return memeql_sec(a, b, len) != 0;
}

static int adapter_sha256(void *user, const struct l2tpha_bytes *parts, size_t count,
                          uint8_t digest[L2TPHA_SHA256_SIZE])
{
    struct sha256_ctx context;

    sha256_init(&context);
    for (size_t i = 0; i < count; i++)
        sha256_update(&context, parts[i].len, parts[i].data);
    sha256_digest(&context, L2TPHA_SHA256_SIZE, digest);
    adapter_wipe(user, (uint8_t *)&context, sizeof(context));
    return L2TPHA_OK;
}

static int adapter_hmac_sha256(void *user, const struct l2tpha_bytes *key,
                               const struct l2tpha_bytes *parts, size_t count,
                               uint8_t digest[L2TPHA_SHA256_SIZE])
{
    struct hmac_sha256_ctx context;

    hmac_sha256_set_key(&context, key->len, key->data);
    for (size_t i = 0; i < count; i++)
        hmac_sha256_update(&context, parts[i].len, parts[i].data);
    hmac_sha256_digest(&context, L2TPHA_SHA256_SIZE, digest);
    adapter_wipe(user, (uint8_t *)&context, sizeof(context));
    return L2TPHA_OK;
}

#ifdef L2TPHA_HOGWEED
/* RFC 7748 6.1: a result of zeros would be the same whatever the scalar. */
static int adapter_x25519(void *user, const uint8_t scalar[L2TPHA_KEY_SIZE],
                          const uint8_t point[L2TPHA_KEY_SIZE], uint8_t result[L2TPHA_KEY_SIZE])
{
    uint8_t any = 0;

    (void)user;
    curve25519_mul(result, scalar, point);
    for (size_t i = 0; i < L2TPHA_KEY_SIZE; i++)
        any |= result[i];
    return any ? L2TPHA_OK : L2TPHA_ERR_CRYPTO;
}
#endif

static void run_chacha(const uint8_t *key, const uint8_t *nonce, const struct l2tpha_bytes *aad,
                       bool encrypt, uint8_t *data, size_t len, uint8_t *tag)
{
    struct chacha_poly1305_ctx context;

    chacha_poly1305_set_key(&context, key);
    chacha_poly1305_set_nonce(&context, nonce);
    if (aad->len > 0)
        chacha_poly1305_update(&context, aad->len, aad->data);
    if (encrypt)
        chacha_poly1305_encrypt(&context, len, data, data);
    else
        chacha_poly1305_decrypt(&context, len, data, data);
    chacha_poly1305_digest(&context, L2TPHA_TAG_SIZE, tag);
    adapter_wipe(NULL, (uint8_t *)&context, sizeof(context));
}

static void run_aes(const uint8_t *key, const uint8_t *nonce, const struct l2tpha_bytes *aad,
                    bool encrypt, uint8_t *data, size_t len, uint8_t *tag)
{
    struct gcm_aes256_ctx context;

    gcm_aes256_set_key(&context, key);
    gcm_aes256_set_iv(&context, L2TPHA_NONCE_SIZE, nonce);
    if (aad->len > 0)
        gcm_aes256_update(&context, aad->len, aad->data);
    if (encrypt)
        gcm_aes256_encrypt(&context, len, data, data);
    else
        gcm_aes256_decrypt(&context, len, data, data);
    gcm_aes256_digest(&context, L2TPHA_TAG_SIZE, tag);
    adapter_wipe(NULL, (uint8_t *)&context, sizeof(context));
}

static bool run_suite(enum l2tpha_suite suite, const uint8_t *key, const uint8_t *nonce,
                      const struct l2tpha_bytes *aad, bool encrypt, uint8_t *data, size_t len,
                      uint8_t *tag)
{
    switch (suite) {
    case L2TPHA_SUITE_CHACHA:
        run_chacha(key, nonce, aad, encrypt, data, len, tag);
        return true;
    case L2TPHA_SUITE_AES:
        run_aes(key, nonce, aad, encrypt, data, len, tag);
        return true;
    }
    return false;
}

static int adapter_seal(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                        const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                        uint8_t *data, size_t len, uint8_t tag[L2TPHA_TAG_SIZE])
{
    (void)user;
    return run_suite(suite, key, nonce, aad, true, data, len, tag) ? L2TPHA_OK : L2TPHA_ERR_CRYPTO;
}

static int adapter_open(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                        const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                        uint8_t *data, size_t len, const uint8_t tag[L2TPHA_TAG_SIZE])
{
    uint8_t expected[L2TPHA_TAG_SIZE];

    if (!run_suite(suite, key, nonce, aad, false, data, len, expected))
        return L2TPHA_ERR_CRYPTO;
    bool equal = adapter_equal(user, expected, tag, L2TPHA_TAG_SIZE);
    if (!equal)
        adapter_wipe(user, data, len);
    adapter_wipe(user, expected, sizeof(expected));
    return equal ? L2TPHA_OK : L2TPHA_ERR_SEAL;
}

static const struct l2tpha_crypto nettle = {
    .size = sizeof(struct l2tpha_crypto),
    .name = "nettle",
    .md5 = adapter_md5,
    .equal = adapter_equal,
    .wipe = adapter_wipe,
    .hmac_md5 = adapter_hmac_md5,
    .hmac_sha1 = adapter_hmac_sha1,
    .sha256 = adapter_sha256,
    .hmac_sha256 = adapter_hmac_sha256,
#ifdef L2TPHA_HOGWEED
    .x25519 = adapter_x25519,
#endif
    .seal = adapter_seal,
    .open = adapter_open,
};

const struct l2tpha_crypto *l2tpha_crypto_nettle(void)
{
    return &nettle;
}
