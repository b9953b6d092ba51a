/* SPDX-License-Identifier: MIT */
#include "noise.h"

#include <string.h>

#define NAME_CHACHA "Noise_NNpsk0_25519_ChaChaPoly_SHA256"
#define NAME_AES "Noise_NNpsk0_25519_AESGCM_SHA256"
#define OUTPUTS_MAX 3

/* RFC 7748 4.1 */
static const uint8_t base_point[L2TPHA_KEY_SIZE] = {9};

static const struct l2tpha_crypto *crypto_of(const struct noise *noise)
{
    return noise->cipher.crypto;
}

static int mix_hash(struct noise *noise, const uint8_t *data, size_t len)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    const struct l2tpha_bytes parts[] = {{noise->hash, sizeof(noise->hash)}, {data, len}};

    return crypto->sha256(crypto->user, parts, 2, noise->hash);
}

/* HKDF (Noise 4.3, RFC 5869 with info of no bytes): the first output becomes the chain key, those
 * that follow go to out. */
static int derive(struct noise *noise, const uint8_t *input, size_t len, unsigned count,
                  uint8_t out[OUTPUTS_MAX - 1][L2TPHA_SHA256_SIZE])
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    uint8_t made[OUTPUTS_MAX][L2TPHA_SHA256_SIZE], temporary[L2TPHA_SHA256_SIZE];
    struct l2tpha_bytes key = {noise->chain, sizeof(noise->chain)};
    const struct l2tpha_bytes whole = {input, len};

    int error = crypto->hmac_sha256(crypto->user, &key, &whole, 1, temporary);
    key = (struct l2tpha_bytes){temporary, sizeof(temporary)};
    for (unsigned i = 0; i < count && error == L2TPHA_OK; i++) {
        const uint8_t number = (uint8_t)(i + 1);
        const struct l2tpha_bytes parts[] = {
            {i > 0 ? made[i - 1] : NULL, i > 0 ? sizeof(made[0]) : 0}, {&number, 1}};
        error = crypto->hmac_sha256(crypto->user, &key, parts, 2, made[i]);
    }
    if (error == L2TPHA_OK) {
        memcpy(noise->chain, made[0], sizeof(noise->chain));
        memcpy(out, made[1], (count - 1) * sizeof(made[0]));
    }
    crypto->wipe(crypto->user, temporary, sizeof(temporary));
    crypto->wipe(crypto->user, made[0], sizeof(made));
    return error;
}

static int mix_key(struct noise *noise, const uint8_t *input)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    uint8_t out[OUTPUTS_MAX - 1][L2TPHA_SHA256_SIZE];

    int error = derive(noise, input, L2TPHA_KEY_SIZE, 2, out);
    if (error == L2TPHA_OK)
        cipher_set_key(&noise->cipher, out[0]);
    crypto->wipe(crypto->user, out[0], sizeof(out));
    return error;
}

/* The token psk. */
static int mix_psk(struct noise *noise, const uint8_t psk[L2TPHA_KEY_SIZE])
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    uint8_t out[OUTPUTS_MAX - 1][L2TPHA_SHA256_SIZE];

    int error = derive(noise, psk, L2TPHA_KEY_SIZE, 3, out);
    if (error == L2TPHA_OK)
        error = mix_hash(noise, out[0], sizeof(out[0]));
    if (error == L2TPHA_OK)
        cipher_set_key(&noise->cipher, out[1]);
    crypto->wipe(crypto->user, out[0], sizeof(out));
    return error;
}

/* Noise 5.2: a name that fits is filled up with zeros, a longer one is hashed. */
static int name_protocol(struct noise *noise)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    const char *name = noise->cipher.suite == L2TPHA_SUITE_AES ? NAME_AES : NAME_CHACHA;
    const struct l2tpha_bytes whole = {(const uint8_t *)name, strlen(name)};

    if (whole.len > sizeof(noise->hash))
        return crypto->sha256(crypto->user, &whole, 1, noise->hash);
    memcpy(noise->hash, name, whole.len);
    return L2TPHA_OK;
}

int noise_begin(struct noise *noise, const struct l2tpha_crypto *crypto, enum l2tpha_suite suite,
                struct l2tpha_bytes prologue, const uint8_t psk[L2TPHA_KEY_SIZE])
{
    *noise = (struct noise){.cipher = {.crypto = crypto, .suite = suite}};
    int error = name_protocol(noise);
    memcpy(noise->chain, noise->hash, sizeof(noise->chain));
    if (error == L2TPHA_OK)
        error = mix_hash(noise, prologue.data, prologue.len);
    if (error == L2TPHA_OK)
        error = mix_psk(noise, psk);
    return error;
}

/* Noise 9.2: in a handshake with a psk an ephemeral key is mixed into the keys as well. */
static int mix_point(struct noise *noise, const uint8_t point[L2TPHA_KEY_SIZE])
{
    int error = mix_hash(noise, point, L2TPHA_KEY_SIZE);
    return error == L2TPHA_OK ? mix_key(noise, point) : error;
}

/* The token e, written. */
static int make_point(struct noise *noise, const uint8_t secret[L2TPHA_KEY_SIZE], uint8_t *message)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);

    memcpy(noise->secret, secret, L2TPHA_KEY_SIZE);
    int error = crypto->x25519(crypto->user, noise->secret, base_point, noise->ephemeral);
    if (error != L2TPHA_OK)
        return error;
    memcpy(message, noise->ephemeral, L2TPHA_KEY_SIZE);
    return mix_point(noise, noise->ephemeral);
}

/* The token e, read. */
static int take_point(struct noise *noise, const uint8_t *message)
{
    memcpy(noise->peer_point, message, L2TPHA_KEY_SIZE);
    return mix_point(noise, noise->peer_point);
}

/* The token ee. */
static int mix_shared(struct noise *noise)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    uint8_t shared[L2TPHA_KEY_SIZE];

    int error = crypto->x25519(crypto->user, noise->secret, noise->peer_point, shared);
    if (error == L2TPHA_OK)
        error = mix_key(noise, shared);
    crypto->wipe(crypto->user, shared, sizeof(shared));
    return error;
}

static int put_payload(struct noise *noise, struct l2tpha_bytes payload, uint8_t *at)
{
    const struct l2tpha_bytes aad = {noise->hash, sizeof(noise->hash)};

    if (payload.len > 0)
        memcpy(at, payload.data, payload.len);
    int error = cipher_seal(&noise->cipher, aad, at, payload.len, at + payload.len);
    return error == L2TPHA_OK ? mix_hash(noise, at, payload.len + L2TPHA_TAG_SIZE) : error;
}

/* What is hashed is the ciphertext, so before it is opened. */
static int take_payload(struct noise *noise, uint8_t *at, size_t len)
{
    uint8_t hash[L2TPHA_SHA256_SIZE];
    const struct l2tpha_bytes aad = {hash, sizeof(hash)};

    memcpy(hash, noise->hash, sizeof(hash));
    int error = mix_hash(noise, at, len);
    size_t sealed = len - L2TPHA_TAG_SIZE;
    return error == L2TPHA_OK ? cipher_open(&noise->cipher, aad, at, sealed, at + sealed) : error;
}

int noise_write_first(struct noise *noise, const uint8_t secret[L2TPHA_KEY_SIZE],
                      struct l2tpha_bytes payload, uint8_t *message)
{
    int error = make_point(noise, secret, message);
    return error == L2TPHA_OK ? put_payload(noise, payload, message + L2TPHA_KEY_SIZE) : error;
}

int noise_read_first(struct noise *noise, uint8_t *message, size_t len)
{
    if (len < NOISE_OVERHEAD)
        return L2TPHA_ERR_SEAL;
    int error = take_point(noise, message);
    return error == L2TPHA_OK
               ? take_payload(noise, message + L2TPHA_KEY_SIZE, len - L2TPHA_KEY_SIZE)
               : error;
}

int noise_write_second(struct noise *noise, const uint8_t secret[L2TPHA_KEY_SIZE],
                       struct l2tpha_bytes payload, uint8_t *message)
{
    int error = make_point(noise, secret, message);
    if (error == L2TPHA_OK)
        error = mix_shared(noise);
    return error == L2TPHA_OK ? put_payload(noise, payload, message + L2TPHA_KEY_SIZE) : error;
}

int noise_read_second(struct noise *noise, uint8_t *message, size_t len)
{
    if (len < NOISE_OVERHEAD)
        return L2TPHA_ERR_SEAL;
    int error = take_point(noise, message);
    if (error == L2TPHA_OK)
        error = mix_shared(noise);
    return error == L2TPHA_OK
               ? take_payload(noise, message + L2TPHA_KEY_SIZE, len - L2TPHA_KEY_SIZE)
               : error;
}

int noise_split(struct noise *noise, struct cipher *connects, struct cipher *accepts)
{
    const struct l2tpha_crypto *crypto = crypto_of(noise);
    uint8_t out[OUTPUTS_MAX - 1][L2TPHA_SHA256_SIZE];

    /* The chain key is the first of the two here: it is of no other use any more. */
    int error = derive(noise, NULL, 0, 2, out);
    if (error == L2TPHA_OK) {
        *connects = *accepts = (struct cipher){.crypto = crypto, .suite = noise->cipher.suite};
        cipher_set_key(connects, noise->chain);
        cipher_set_key(accepts, out[0]);
    }
    crypto->wipe(crypto->user, out[0], sizeof(out));
    noise_wipe(noise, crypto);
    return error;
}

void noise_wipe(struct noise *noise, const struct l2tpha_crypto *crypto)
{
    crypto->wipe(crypto->user, (uint8_t *)noise, sizeof(*noise));
}
