/* SPDX-License-Identifier: MIT */
#include "handshake.h"
#include "failure.h"
#include "keys.h"
#include "sealed_record.h"

#include <string.h>

#define VERSION 2
#define VERSION_AT 4
#define SUITE_AT 5
#define KEY_ID_AT 6

static const uint8_t magic[] = {'L', '2', 'H', 'A'};
static const struct l2tpha_bytes nothing = {NULL, 0};

static void put_prologue(struct l2tpha_seal *seal)
{
    uint8_t *at = seal->prologue;

    memcpy(at, magic, sizeof(magic));
    at[VERSION_AT] = VERSION;
    at[SUITE_AT] = (uint8_t)seal->suite;
    for (unsigned i = 0; i < 4; i++)
        at[KEY_ID_AT + i] = (uint8_t)(seal->key_id >> (24 - 8 * i));
}

static int begin_noise(struct l2tpha_seal *seal, const struct seal_key *key)
{
    const struct l2tpha_bytes prologue = {seal->prologue, PROLOGUE_LEN};

    return noise_begin(&seal->noise, seal->options.crypto, seal->suite, prologue, key->secret);
}

/* Prologue and message, by whichever function writes it. */
static int say_hello(struct l2tpha_seal *seal,
                     int (*write)(struct noise *noise, const uint8_t *secret,
                                  struct l2tpha_bytes payload, uint8_t *message))
{
    const struct l2tpha_crypto *crypto = seal->options.crypto;
    uint8_t secret[L2TPHA_KEY_SIZE];

    int error = sealed_bytes_reserve(&seal->out, seal, crypto, HELLO_LEN);
    if (error != L2TPHA_OK)
        return error;
    if (seal->options.random(seal->options.user, secret, sizeof(secret)) != 0)
        return L2TPHA_ERR_HOST;
    uint8_t *at = seal->out.data + seal->out.end;
    memcpy(at, seal->prologue, PROLOGUE_LEN);
    error = write(&seal->noise, secret, nothing, at + PROLOGUE_LEN);
    crypto->wipe(crypto->user, secret, sizeof(secret));
    if (error == L2TPHA_OK)
        seal->out.end += HELLO_LEN;
    return error;
}

int handshake_begin(struct l2tpha_seal *seal)
{
    const struct seal_key *key = &seal->options.keys->keys[0];

    seal->key_id = key->id;
    seal->suite = seal->options.keys->suite;
    put_prologue(seal);
    int error = begin_noise(seal, key);
    if (error == L2TPHA_OK)
        error = say_hello(seal, noise_write_first);
    return error == L2TPHA_OK ? L2TPHA_OK : seal_fail_as(seal, error);
}

/* Who connects has to get its own one back. */
static int check_echo(struct l2tpha_seal *seal)
{
    if (memcmp(seal->hello, seal->prologue, PROLOGUE_LEN) != 0)
        return seal_fail(seal, L2TPHA_ERR_SEAL, "the peer answers for another key or suite");
    return L2TPHA_OK;
}

/* Who accepts learns the suite and the key. */
static int check_asked(struct l2tpha_seal *seal)
{
    const uint8_t *at = seal->hello;
    uint8_t suite = at[SUITE_AT];
    uint32_t id = 0;

    if (suite != L2TPHA_SUITE_CHACHA && suite != L2TPHA_SUITE_AES)
        return seal_fail(seal, L2TPHA_ERR_SEAL, "a suite that is not known here");
    for (unsigned i = 0; i < 4; i++)
        id = id << 8 | at[KEY_ID_AT + i];
    const struct seal_key *key = seal_keys_find(seal->options.keys, id);
    if (key == NULL)
        return seal_fail(seal, L2TPHA_ERR_SEAL, "no key has the id that the peer connects with");
    seal->key_id = id;
    seal->suite = (enum l2tpha_suite)suite;
    put_prologue(seal);
    int error = begin_noise(seal, key);
    return error == L2TPHA_OK ? L2TPHA_OK : seal_fail_as(seal, error);
}

static int check_prologue(struct l2tpha_seal *seal)
{
    if (memcmp(seal->hello, magic, sizeof(magic)) != 0)
        return seal_fail(seal, L2TPHA_ERR_SEAL, "the peer does not seal its stream");
    if (seal->hello[VERSION_AT] != VERSION)
        return seal_fail(seal, L2TPHA_ERR_VERSION, "the peer seals in another version");
    return seal->state == L2TPHA_SEAL_CONNECTING ? check_echo(seal) : check_asked(seal);
}

/* The second message proves the peer: the first record, an empty one, proves this end. */
static int finish_connecting(struct l2tpha_seal *seal)
{
    int error = noise_read_second(&seal->noise, seal->hello + PROLOGUE_LEN, NOISE_OVERHEAD);
    if (error == L2TPHA_OK)
        error = noise_split(&seal->noise, &seal->to_peer, &seal->from_peer);
    if (error == L2TPHA_OK)
        error = sealed_record_put(seal, NULL, 0);
    if (error != L2TPHA_OK)
        return error;
    seal->state = L2TPHA_SEAL_OPEN;
    seal->deadline = L2TPHA_NEVER;
    return L2TPHA_OK;
}

/* The first message may be one that was heard on another stream: it is answered, no more. */
static int answer(struct l2tpha_seal *seal)
{
    int error = noise_read_first(&seal->noise, seal->hello + PROLOGUE_LEN, NOISE_OVERHEAD);
    if (error == L2TPHA_OK)
        error = say_hello(seal, noise_write_second);
    if (error == L2TPHA_OK)
        error = noise_split(&seal->noise, &seal->from_peer, &seal->to_peer);
    if (error == L2TPHA_OK)
        seal->state = L2TPHA_SEAL_ANSWERED;
    return error;
}

static int take_message(struct l2tpha_seal *seal)
{
    int error = seal->state == L2TPHA_SEAL_CONNECTING ? finish_connecting(seal) : answer(seal);
    if (error == L2TPHA_OK)
        return L2TPHA_OK;
    if (error != L2TPHA_ERR_SEAL)
        return seal_fail_as(seal, error);
    return seal_fail(seal, error,
                     "the peer has another key of this id, or the handshake was changed");
}

int handshake_take(struct l2tpha_seal *seal, const uint8_t *data, size_t len, size_t *used)
{
    size_t wanted = seal->hello_len < PROLOGUE_LEN ? PROLOGUE_LEN : HELLO_LEN;
    size_t more = wanted - seal->hello_len < len ? wanted - seal->hello_len : len;

    memcpy(seal->hello + seal->hello_len, data, more);
    seal->hello_len += more;
    *used = more;
    if (seal->hello_len < wanted)
        return L2TPHA_OK;
    return wanted == PROLOGUE_LEN ? check_prologue(seal) : take_message(seal);
}
