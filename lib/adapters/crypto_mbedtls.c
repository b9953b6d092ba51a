/* SPDX-License-Identifier: MIT */
/* Crypto operations over Mbed TLS, 2.28 or 3.1 and later. An operation takes memory while it runs;
 * without any it is L2TPHA_ERR_CRYPTO, as where what it needs is left out of that library. */
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#include <mbedtls/chachapoly.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hmac_drbg.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <string.h>

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

static int adapter_sha256(void *user, const struct l2tpha_bytes *parts, size_t count,
                          uint8_t digest[L2TPHA_SHA256_SIZE])
{
    (void)user;
    return make_digest(MBEDTLS_MD_SHA256, NULL, parts, count, digest);
}

static int adapter_hmac_sha256(void *user, const struct l2tpha_bytes *key,
                               const struct l2tpha_bytes *parts, size_t count,
                               uint8_t digest[L2TPHA_SHA256_SIZE])
{
    (void)user;
    return make_digest(MBEDTLS_MD_SHA256, key, parts, count, digest);
}

/* The multiplication blinds itself with numbers drawn from the scalar, which nobody else knows: no
 * source of randomness is needed for it. */
static int multiply(const uint8_t *scalar, const uint8_t *point, uint8_t *result)
{
    mbedtls_hmac_drbg_context blinding;
    mbedtls_ecp_group group;
    mbedtls_ecp_point in, out;
    mbedtls_mpi factor;
    size_t written;

    mbedtls_hmac_drbg_init(&blinding);
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&in);
    mbedtls_ecp_point_init(&out);
    mbedtls_mpi_init(&factor);
    int error = mbedtls_hmac_drbg_seed_buf(&blinding, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                                           scalar, L2TPHA_KEY_SIZE);
    if (!error)
        error = mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519);
    if (!error)
        error = mbedtls_ecp_point_read_binary(&group, &in, point, L2TPHA_KEY_SIZE);
    if (!error)
        error = mbedtls_mpi_read_binary_le(&factor, scalar, L2TPHA_KEY_SIZE);
    if (!error)
        error = mbedtls_ecp_mul(&group, &out, &factor, &in, mbedtls_hmac_drbg_random, &blinding);
    if (!error)
        error = mbedtls_ecp_point_write_binary(&group, &out, MBEDTLS_ECP_PF_UNCOMPRESSED, &written,
                                               result, L2TPHA_KEY_SIZE);
    mbedtls_mpi_free(&factor);
    mbedtls_ecp_point_free(&out);
    mbedtls_ecp_point_free(&in);
    mbedtls_ecp_group_free(&group);
    mbedtls_hmac_drbg_free(&blinding);
    return error;
}

/* RFC 7748 5 and 6.1: bits of the scalar are fixed, the top bit of the point is ignored, and a
 * result of zeros would be the same whatever the scalar. */
static int adapter_x25519(void *user, const uint8_t scalar[L2TPHA_KEY_SIZE],
                          const uint8_t point[L2TPHA_KEY_SIZE], uint8_t result[L2TPHA_KEY_SIZE])
{
    uint8_t fixed[L2TPHA_KEY_SIZE], place[L2TPHA_KEY_SIZE], any = 0;

    (void)user;
    memcpy(fixed, scalar, sizeof(fixed));
    fixed[0] &= 0xf8;
    fixed[L2TPHA_KEY_SIZE - 1] = (uint8_t)((fixed[L2TPHA_KEY_SIZE - 1] & 0x7f) | 0x40);
    memcpy(place, point, sizeof(place));
    place[L2TPHA_KEY_SIZE - 1] &= 0x7f;
    int error = multiply(fixed, place, result);
    mbedtls_platform_zeroize(fixed, sizeof(fixed));
    for (size_t i = 0; i < L2TPHA_KEY_SIZE && !error; i++)
        any |= result[i];
    return error || !any ? L2TPHA_ERR_CRYPTO : L2TPHA_OK;
}

static int run_chacha(const uint8_t *key, const uint8_t *nonce, const struct l2tpha_bytes *aad,
                      uint8_t *data, size_t len, uint8_t *made, const uint8_t *wanted)
{
    mbedtls_chachapoly_context context;

    mbedtls_chachapoly_init(&context);
    int error = mbedtls_chachapoly_setkey(&context, key);
    if (!error)
        error = wanted ? mbedtls_chachapoly_auth_decrypt(&context, len, nonce, aad->data, aad->len,
                                                         wanted, data, data)
                       : mbedtls_chachapoly_encrypt_and_tag(&context, len, nonce, aad->data,
                                                            aad->len, data, data, made);
    mbedtls_chachapoly_free(&context);
    return error;
}

/* Decrypts where the bytes are, as that library itself does for TLS. */
static int run_aes(const uint8_t *key, const uint8_t *nonce, const struct l2tpha_bytes *aad,
                   uint8_t *data, size_t len, uint8_t *made, const uint8_t *wanted)
{
    mbedtls_gcm_context context;

    mbedtls_gcm_init(&context);
    int error = mbedtls_gcm_setkey(&context, MBEDTLS_CIPHER_ID_AES, key, 8 * L2TPHA_KEY_SIZE);
    if (!error)
        error = wanted
                    ? mbedtls_gcm_auth_decrypt(&context, len, nonce, L2TPHA_NONCE_SIZE, aad->data,
                                               aad->len, wanted, L2TPHA_TAG_SIZE, data, data)
                    : mbedtls_gcm_crypt_and_tag(&context, MBEDTLS_GCM_ENCRYPT, len, nonce,
                                                L2TPHA_NONCE_SIZE, aad->data, aad->len, data, data,
                                                L2TPHA_TAG_SIZE, made);
    mbedtls_gcm_free(&context);
    return error;
}

static int adapter_seal(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                        const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                        uint8_t *data, size_t len, uint8_t tag[L2TPHA_TAG_SIZE])
{
    int error = L2TPHA_ERR_CRYPTO;

    (void)user;
    if (suite == L2TPHA_SUITE_CHACHA)
        error = run_chacha(key, nonce, aad, data, len, tag, NULL);
    else if (suite == L2TPHA_SUITE_AES)
        error = run_aes(key, nonce, aad, data, len, tag, NULL);
    return error ? L2TPHA_ERR_CRYPTO : L2TPHA_OK;
}

static int adapter_open(void *user, enum l2tpha_suite suite, const uint8_t key[L2TPHA_KEY_SIZE],
                        const uint8_t nonce[L2TPHA_NONCE_SIZE], const struct l2tpha_bytes *aad,
                        uint8_t *data, size_t len, const uint8_t tag[L2TPHA_TAG_SIZE])
{
    int error = L2TPHA_ERR_CRYPTO;

    (void)user;
    if (suite == L2TPHA_SUITE_CHACHA)
        error = run_chacha(key, nonce, aad, data, len, NULL, tag);
    else if (suite == L2TPHA_SUITE_AES)
        error = run_aes(key, nonce, aad, data, len, NULL, tag);
    if (error == MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED || error == MBEDTLS_ERR_GCM_AUTH_FAILED)
        return L2TPHA_ERR_SEAL; /* the bytes are zeros now */
    return error ? L2TPHA_ERR_CRYPTO : L2TPHA_OK;
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
    .sha256 = adapter_sha256,
    .hmac_sha256 = adapter_hmac_sha256,
    .x25519 = adapter_x25519,
    .seal = adapter_seal,
    .open = adapter_open,
};

const struct l2tpha_crypto *l2tpha_crypto_mbedtls(void)
{
    return &mbedtls;
}
