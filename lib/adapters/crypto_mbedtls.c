/* SPDX-License-Identifier: MIT */
/* Crypto operations over Mbed TLS, 2.28 or 3.1 and later. A digest takes memory while it is made;
 * without any it is L2TPHA_ERR_CRYPTO, as where MD5 or SHA-1 is left out of that library. */
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>

/* An HMAC where there is a key. Freeing the context wipes it. */
static int make_digest(mbedtls_md_type_t type, const struct l2tpha_bytes *key,
                       const struct l2tpha_bytes *parts, size_t count, uint8_t *digest)
{
    mbedtls_md_context_t context;

    mbedtls_md_init(&context);
    int error = mbedtls_md_setup(&context, mbedtls_md_info_from_type(type), key != NULL);
    if (!error)
        error = key ? mbedtls_md_hmac_starts(&context, key->data, key->len)
                    : mbedtls_md_starts(&context);
    for (size_t i = 0; i < count && !error; i++)
        if (parts[i].len > 0)
            error = key ? mbedtls_md_hmac_update(&context, parts[i].data, parts[i].len)
                        : mbedtls_md_update(&context, parts[i].data, parts[i].len);
    if (!error)
        error =
            key ? mbedtls_md_hmac_finish(&context, digest) : mbedtls_md_finish(&context, digest);
    mbedtls_md_free(&context);
    return error ? L2TPHA_ERR_CRYPTO : L2TPHA_OK;
}

static int adapter_md5(void *user, const struct l2tpha_bytes *parts, size_t count,
                       uint8_t digest[L2TPHA_MD5_SIZE])
{
    (void)user;
    return make_digest(MBEDTLS_MD_MD5, NULL, parts, count, digest);
}

static int adapter_hmac_md5(void *user, const struct l2tpha_bytes *key,
                            const struct l2tpha_bytes *parts, size_t count,
                            uint8_t digest[L2TPHA_MD5_SIZE])
{
    (void)user;
    return make_digest(MBEDTLS_MD_MD5, key, parts, count, digest);
}

static int adapter_hmac_sha1(void *user, const struct l2tpha_bytes *key,
                             const struct l2tpha_bytes *parts, size_t count,
                             uint8_t digest[L2TPHA_SHA1_SIZE])
{
    (void)user;
    return make_digest(MBEDTLS_MD_SHA1, key, parts, count, digest);
}

static bool adapter_equal(void *user, const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)user;
    return mbedtls_ct_memcmp(a, b, len) == 0;
}

static void adapter_wipe(void *user, uint8_t *data, size_t len)
{
    (void)user;
    mbedtls_platform_zeroize(data, len);
}

static const struct l2tpha_crypto mbedtls = {
    .size = sizeof(struct l2tpha_crypto),
    .name = "mbedtls",
    .md5 = adapter_md5,
    .equal = adapter_equal,
    .wipe = adapter_wipe,
    .hmac_md5 = adapter_hmac_md5,
    .hmac_sha1 = adapter_hmac_sha1,
};

const struct l2tpha_crypto *l2tpha_crypto_mbedtls(void)
{
    return &mbedtls;
}
