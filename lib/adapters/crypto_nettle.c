/* SPDX-License-Identifier: MIT */
/* Crypto operations over GNU nettle. */
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>

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

/* Writes through a volatile pointer cannot be optimised away; nettle exports no wipe. */
static void adapter_wipe(void *user, uint8_t *data, size_t len)
{
    volatile uint8_t *bytes = data;

    (void)user;
    for (size_t i = 0; i < len; i++)
        bytes[i] = 0;
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

static const struct l2tpha_crypto nettle = {
    .size = sizeof(struct l2tpha_crypto),
    .name = "nettle",
    .md5 = adapter_md5,
    .equal = adapter_equal,
    .wipe = adapter_wipe,
    .hmac_md5 = adapter_hmac_md5,
    .hmac_sha1 = adapter_hmac_sha1,
};

const struct l2tpha_crypto *l2tpha_crypto_nettle(void)
{
    return &nettle;
}
