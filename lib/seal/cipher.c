/* SPDX-License-Identifier: MIT */
#include "cipher.h"

#include <string.h>

#define LAST_NONCE UINT64_MAX

void cipher_set_key(struct cipher *cipher, const uint8_t key[L2TPHA_KEY_SIZE])
{
    memcpy(cipher->key, key, L2TPHA_KEY_SIZE);
    cipher->nonce = 0;
}

/* Noise 12.3, 12.4: 32 bits of zeros and the number, which ChaChaPoly has with its lowest byte
 * first and AESGCM with its highest. */
static void put_nonce(enum l2tpha_suite suite, uint64_t number, uint8_t nonce[L2TPHA_NONCE_SIZE])
{
    memset(nonce, 0, L2TPHA_NONCE_SIZE);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] =
            (uint8_t)(suite == L2TPHA_SUITE_AES ? number >> (56 - 8 * i) : number >> 8 * i);
}

int cipher_seal(struct cipher *cipher, struct l2tpha_bytes aad, uint8_t *data, size_t len,
                uint8_t tag[L2TPHA_TAG_SIZE])
{
    const struct l2tpha_crypto *crypto = cipher->crypto;
    uint8_t nonce[L2TPHA_NONCE_SIZE];

    if (cipher->nonce == LAST_NONCE)
        return L2TPHA_ERR_LIMIT;
    put_nonce(cipher->suite, cipher->nonce, nonce);
    int error = crypto->seal(crypto->user, cipher->suite, cipher->key, nonce, &aad, data, len, tag);
    if (error == L2TPHA_OK)
        cipher->nonce++;
    return error;
}

int cipher_open(struct cipher *cipher, struct l2tpha_bytes aad, uint8_t *data, size_t len,
                const uint8_t tag[L2TPHA_TAG_SIZE])
{
    const struct l2tpha_crypto *crypto = cipher->crypto;
    uint8_t nonce[L2TPHA_NONCE_SIZE];

    if (cipher->nonce == LAST_NONCE)
        return L2TPHA_ERR_LIMIT;
    put_nonce(cipher->suite, cipher->nonce, nonce);
    int error = crypto->open(crypto->user, cipher->suite, cipher->key, nonce, &aad, data, len, tag);
    if (error == L2TPHA_OK)
        cipher->nonce++;
    return error;
}

int cipher_rekey(struct cipher *cipher)
{
    const struct l2tpha_crypto *crypto = cipher->crypto;
    uint8_t nonce[L2TPHA_NONCE_SIZE], key[L2TPHA_KEY_SIZE] = {0}, tag[L2TPHA_TAG_SIZE];
    const struct l2tpha_bytes nothing = {NULL, 0};

    put_nonce(cipher->suite, LAST_NONCE, nonce);
    int error = crypto->seal(crypto->user, cipher->suite, cipher->key, nonce, &nothing, key,
                             sizeof(key), tag);
    if (error == L2TPHA_OK)
        memcpy(cipher->key, key, sizeof(key));
    crypto->wipe(crypto->user, key, sizeof(key));
    return error;
}
