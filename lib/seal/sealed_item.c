/* SPDX-License-Identifier: MIT */
#include "sealed_item.h"

#include <l2tpha/store.h>
#include <string.h>

#define HEAD (ITEM_FIRST - ITEM_SALT)

static const uint8_t magic[5] = {L2TPHA_STORE_SEALED, 'L', '2', 'S', 1};
static const uint8_t next_head[ITEM_NEXT] = {L2TPHA_STORE_SEALED, 1};

/* RFC 5869, one output of 32 octets. */
static int derive(struct item_stream *stream, const uint8_t secret[L2TPHA_KEY_SIZE])
{
    static const uint8_t info[] = {'s', 't', 'o', 'r', 'e'}, one = 1;
    const struct l2tpha_crypto *crypto = stream->cipher.crypto;
    uint8_t made[L2TPHA_SHA256_SIZE], key[L2TPHA_SHA256_SIZE];
    struct l2tpha_bytes salt = {stream->head + HEAD, ITEM_SALT};
    const struct l2tpha_bytes whole = {secret, L2TPHA_KEY_SIZE};
    const struct l2tpha_bytes parts[] = {{info, sizeof(info)}, {stream->head, HEAD}, {&one, 1}};

    int error = crypto->hmac_sha256(crypto->user, &salt, &whole, 1, made);
    salt = (struct l2tpha_bytes){made, sizeof(made)};
    if (!error)
        error = crypto->hmac_sha256(crypto->user, &salt, parts, 3, key);
    if (!error)
        cipher_set_key(&stream->cipher, key);
    crypto->wipe(crypto->user, made, sizeof(made));
    crypto->wipe(crypto->user, key, sizeof(key));
    return error;
}

int item_begin(struct item_stream *stream, const struct l2tpha_crypto *crypto,
               const struct l2tpha_seal_keys *keys, const uint8_t salt[ITEM_SALT])
{
    uint32_t id = keys->keys[0].id;

    *stream = (struct item_stream){.cipher = {.crypto = crypto, .suite = keys->suite}};
    memcpy(stream->head, magic, sizeof(magic));
    stream->head[5] = (uint8_t)keys->suite;
    for (unsigned i = 0; i < 4; i++)
        stream->head[6 + i] = (uint8_t)(id >> (24 - 8 * i));
    memcpy(stream->head + HEAD, salt, ITEM_SALT);
    return derive(stream, keys->keys[0].secret);
}

static struct l2tpha_bytes head_of(const struct item_stream *stream)
{
    return stream->begun ? (struct l2tpha_bytes){next_head, ITEM_NEXT}
                         : (struct l2tpha_bytes){stream->head, ITEM_FIRST};
}

int item_seal(struct item_stream *stream, const uint8_t *data, size_t len, uint8_t *dst,
              size_t *sealed_len)
{
    struct l2tpha_bytes head = head_of(stream);

    memcpy(dst, head.data, head.len);
    memcpy(dst + head.len, data, len);
    *sealed_len = head.len + len + L2TPHA_TAG_SIZE;
    int error = cipher_seal(&stream->cipher, head, dst + head.len, len, dst + head.len + len);
    stream->begun = stream->begun || !error;
    return error;
}

bool item_is_sealed(const uint8_t *data, size_t len)
{
    return len > 0 && data[0] == L2TPHA_STORE_SEALED;
}

static int refuse(const char **fault, const char *why)
{
    *fault = why;
    return L2TPHA_ERR_SEAL;
}

/* The key of the stream, by the head of its first item. */
static int find_key(struct item_stream *stream, const struct l2tpha_seal_keys *keys,
                    const uint8_t *head, const char **fault)
{
    uint32_t id = 0;

    if (memcmp(head, magic, sizeof(magic)) != 0)
        return refuse(fault, "it is not sealed as this release does it");
    if (head[5] != L2TPHA_SUITE_CHACHA && head[5] != L2TPHA_SUITE_AES)
        return refuse(fault, "it is sealed by a suite that is unknown");
    for (unsigned i = 0; i < 4; i++)
        id = id << 8 | head[6 + i];
    const struct seal_key *key = seal_keys_find(keys, id);
    if (!key)
        return refuse(fault, "it is sealed with a key that is not among the keys");
    memcpy(stream->head, head, ITEM_FIRST);
    stream->cipher.suite = (enum l2tpha_suite)head[5];
    return derive(stream, key->secret);
}

int item_open(struct item_stream *stream, const struct l2tpha_seal_keys *keys, uint8_t *data,
              size_t len, struct l2tpha_bytes *plain, const char **fault)
{
    size_t head_len = stream->begun ? ITEM_NEXT : ITEM_FIRST;

    if (len < head_len + L2TPHA_TAG_SIZE)
        return refuse(fault, "what was sealed is cut");
    int error = stream->begun ? L2TPHA_OK : find_key(stream, keys, data, fault);
    if (error)
        return error;
    struct l2tpha_bytes head = head_of(stream);
    size_t text = len - head.len - L2TPHA_TAG_SIZE;
    if (memcmp(data, head.data, head.len) != 0)
        return refuse(fault, "what was sealed does not follow what is before it");
    error = cipher_open(&stream->cipher, head, data + head.len, text, data + head.len + text);
    if (error == L2TPHA_ERR_SEAL)
        return refuse(fault, stream->begun ? "what was sealed has changed"
                                           : "the key does not open it: it is another one, or "
                                             "what was sealed has changed");
    stream->begun = true;
    *plain = (struct l2tpha_bytes){data + head.len, text};
    return error;
}

void item_end(struct item_stream *stream)
{
    const struct l2tpha_crypto *crypto = stream->cipher.crypto;

    if (crypto)
        crypto->wipe(crypto->user, (uint8_t *)stream, sizeof(*stream));
}
