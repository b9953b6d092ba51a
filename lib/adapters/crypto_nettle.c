/* SPDX-License-Identifier: MIT */
/* Crypto operations over GNU nettle. */
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>

#include <nettle/md5.h>
#include <nettle/memops.h>

static int nettle_md5(void *user, const struct l2tpha_bytes *parts, size_t count,
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

static bool nettle_equal(void *user, const uint8_t *a, const uint8_t *b, size_t len)
{
    (void)user;
    return memeql_sec(a, b, len) != 0;
}

/* Writes through a volatile pointer cannot be optimised away; nettle exports no wipe. */
static void nettle_wipe(void *user, uint8_t *data, size_t len)
{
    volatile uint8_t *bytes = data;

    (void)user;
    for (size_t i = 0; i < len; i++)
        bytes[i] = 0;
}

static const struct l2tpha_crypto nettle = {
    .size = sizeof(struct l2tpha_crypto),
    .name = "nettle",
    .md5 = nettle_md5,
    .equal = nettle_equal,
    .wipe = nettle_wipe,
};

const struct l2tpha_crypto *l2tpha_crypto_nettle(void)
{
    return &nettle;
}
