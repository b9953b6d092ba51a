/* SPDX-License-Identifier: MIT */
/* What a user of the installed library does first: take a function from the core and one from each
 * adapter. */
#include "mark.h"

#include <l2tpha/authority.h>
#include <l2tpha/cbor.h>
#include <l2tpha/crypto.h>
#include <l2tpha/error.h>
#include <l2tpha/etcd.h>
#include <l2tpha/json.h>
#include <l2tpha/pair.h>
#include <l2tpha/redis.h>
#include <l2tpha/seal.h>
#include <l2tpha/store.h>

#include <stdio.h>
#include <string.h>

static int check_digest(const struct l2tpha_crypto *crypto)
{
    static const uint8_t empty[L2TPHA_MD5_SIZE] = {0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04,
                                                   0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e};
    uint8_t digest[L2TPHA_MD5_SIZE];
    int error = crypto->md5(crypto->user, NULL, 0, digest);

    if (error) {
        fprintf(stderr, "%s: md5: %s\n", crypto->name, l2tpha_strerror(error));
        return 1;
    }
    if (memcmp(digest, empty, sizeof(digest)) != 0) { /* RFC 1321 A.5 */
        fprintf(stderr, "%s: md5: wrong digest of nothing\n", crypto->name);
        return 1;
    }
    return 0;
}

static int check_pair(void)
{
    struct l2tpha_pair_options options = {.size = sizeof(options)}; /* nobody to make a node */
    struct l2tpha_pair *pair;
    return l2tpha_pair_new(&options, &pair) == L2TPHA_ERR_INVALID && pair == NULL ? 0 : 1;
}

static int check_store(void)
{
    struct l2tpha_store *store;
    return l2tpha_file_store_new(NULL, "", &store) == L2TPHA_ERR_INVALID &&
                   l2tpha_redis_store_new(NULL, "", NULL, &store) == L2TPHA_ERR_INVALID
               ? 0
               : 1;
}

static int check_etcd(void)
{
    struct l2tpha_authority *authority;
    if (l2tpha_etcd_authority_new(NULL, "192.0.2.1/g", NULL, &authority) != L2TPHA_OK)
        return 1;
    authority->free(authority->user);
    return 0;
}

/* Keys, and a seal that has something to say. */
static int check_chance(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 7, len);
    return 0;
}

static int check_seal(const struct l2tpha_crypto *crypto)
{
    static const char file[] =
        "key 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    struct l2tpha_seal_options options = {
        .size = sizeof(options), .crypto = crypto, .random = check_chance};
    struct l2tpha_seal_keys *keys;
    struct l2tpha_seal *seal = NULL;
    const uint8_t *data;

    if (l2tpha_seal_keys_new(NULL, crypto, file, sizeof(file) - 1, NULL, &keys) != L2TPHA_OK)
        return 1;
    options.keys = keys;
    int failed = l2tpha_seal_new(NULL, &options, 0, &seal) != L2TPHA_OK ||
                 l2tpha_seal_poll(seal, &data) != 58;
    l2tpha_seal_free(seal);
    l2tpha_seal_keys_free(keys);
    return failed;
}

static int check_lease(void)
{
    struct l2tpha_lease_options options = {.size = sizeof(options), .name = "a"}; /* no authority */
    struct l2tpha_lease *lease;
    return l2tpha_lease_new(NULL, &options, &lease) == L2TPHA_ERR_INVALID ? 0 : 1;
}

/* A header alone, written and read. */
static int check_serializer(const struct l2tpha_serializer *serializer)
{
    uint8_t room[32];
    struct l2tpha_writing writing = {room, room + sizeof(room), room + sizeof(room), 0};
    struct l2tpha_checkpoint_header header = {.version = L2TPHA_CHECKPOINT_VERSION};

    struct l2tpha_reading reading;

    return serializer->put_header(&header, &writing) == L2TPHA_OK &&
                   serializer->get_header(writing.start, (size_t)(writing.end - writing.start),
                                          &header, &reading) == L2TPHA_OK
               ? 0
               : 1;
}

int main(void)
{
    return check_digest(l2tpha_crypto_nettle()) || check_digest(l2tpha_crypto_mbedtls()) ||
           check_pair() || check_store() || check_lease() || check_etcd() ||
           check_serializer(l2tpha_serializer_cbor()) ||
           check_serializer(l2tpha_serializer_json()) || check_seal(l2tpha_crypto_nettle()) ||
           check_seal(l2tpha_crypto_mbedtls()) || check_marks();
}
