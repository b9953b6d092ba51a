/* SPDX-License-Identifier: MIT */
/* Sealed stores around those in a directory, for contract/stores.h. */
#include "fixture.h"
#include "seal/adapters.h"
#include "store/file_kind.h"

#include <l2tpha/sealed_store.h>

#define KEY "key 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static struct l2tpha_seal_keys *keys;
static uint8_t drawn;

static void begin(void)
{
    struct l2tpha_seal_fault fault;

    file_kind_begin();
    assert_ok(l2tpha_seal_keys_new(root, adapters[0](), KEY, strlen(KEY), &fault, &keys));
}

static void end(void)
{
    l2tpha_seal_keys_free(keys);
    file_kind_end();
}

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, ++drawn, len);
    return 0;
}

static int make(unsigned process, struct l2tpha_store **store)
{
    struct l2tpha_sealed_store_options options = {
        .size = sizeof(options), .crypto = adapters[0](), .keys = keys, .random = draw};
    struct l2tpha_store *inner;
    int error = file_kind_make(process, &inner);

    return error ? error : l2tpha_sealed_store_new(root, inner, &options, store);
}

extern const struct kind kind_sealed;
const struct kind kind_sealed = {FILE_KIND, .seals = true, .begin = begin, .end = end,
                                 .make = make};
