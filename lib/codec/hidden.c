/* SPDX-License-Identifier: MIT */
/* The first 16 octets are XORed with MD5(type, secret, random vector), each further block with
 * MD5(secret, ciphertext of the block before). A short last block is XORed as far as it goes. */
#include "codec/hidden.h"

#include "base/octets.h"

#define BLOCK L2TPHA_MD5_SIZE

static int md5(const struct l2tpha_crypto *crypto, const struct l2tpha_bytes *parts, size_t count,
               uint8_t digest[BLOCK])
{
    return crypto->md5(crypto->user, parts, count, digest) ? L2TPHA_ERR_CRYPTO : L2TPHA_OK;
}

static int first_pad(const struct hidden_key *key, uint8_t pad[BLOCK])
{
    uint8_t type[2];
    struct l2tpha_bytes parts[] = {
        {type, sizeof(type)},
        {key->hiding->secret, key->hiding->secret_len},
        key->vector,
    };

    put_u16(type, key->type);
    return md5(key->hiding->crypto, parts, 3, pad);
}

static int next_pad(const struct hidden_key *key, const uint8_t *cipher, uint8_t pad[BLOCK])
{
    struct l2tpha_bytes parts[] = {
        {key->hiding->secret, key->hiding->secret_len},
        {cipher, BLOCK},
    };

    return md5(key->hiding->crypto, parts, 2, pad);
}

/* XOR src into dst. `cipher` is whichever of the two holds ciphertext; the block that a pad comes
 * from is complete there, since it is the one before. */
static int apply(const struct hidden_key *key, const uint8_t *src, uint8_t *dst, size_t len,
                 const uint8_t *cipher)
{
    const struct l2tpha_crypto *crypto = key->hiding->crypto;
    uint8_t pad[BLOCK];
    int error = first_pad(key, pad);

    for (size_t done = 0; !error && done < len; done += BLOCK) {
        if (done > 0)
            error = next_pad(key, cipher + done - BLOCK, pad);
        for (size_t i = 0; !error && i < BLOCK && done + i < len; i++)
            dst[done + i] = src[done + i] ^ pad[i];
    }
    crypto->wipe(crypto->user, pad, sizeof(pad));
    return error;
}

int hidden_encipher(const struct hidden_key *key, uint8_t *data, size_t len)
{
    return apply(key, data, data, len, data);
}

/* Why it cannot be deciphered at all; NULL if it can. */
static const char *obstacle(const struct hidden_key *key, size_t len)
{
    if (!key->hiding || !key->hiding->crypto || key->hiding->secret_len == 0)
        return "hidden AVP, but there is no secret";
    if (!key->vector.data)
        return "hidden AVP without a Random Vector before it";
    if (len < HIDDEN_LENGTH)
        return "hidden AVP too short for its length";
    return NULL;
}

int hidden_decipher(const struct hidden_key *key, const uint8_t *src, size_t len, uint8_t *dst,
                    struct l2tpha_bytes *value, const char **why)
{
    *why = obstacle(key, len);
    if (*why)
        return L2TPHA_ERR_AVP_HIDDEN;
    *why = "crypto failed";
    if (apply(key, src, dst, len, src))
        return L2TPHA_ERR_CRYPTO;
    *value = (struct l2tpha_bytes){dst + HIDDEN_LENGTH, get_u16(dst)};
    *why = "hidden AVP with a length beyond its end";
    if (value->len > len - HIDDEN_LENGTH)
        return L2TPHA_ERR_AVP_HIDDEN;
    *why = NULL;
    return L2TPHA_OK;
}
