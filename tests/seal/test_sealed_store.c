/* SPDX-License-Identifier: MIT */
/* Checkpoints that are sealed before another store has them, which is a list here. */
#include "adapters.h"
#include "fixture.h"

#include <l2tpha/sealed_store.h>
#include <stdio.h>

#define ITEMS 6
#define SECRET_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET_2 "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_1 "key 1 " SECRET_1 "\n"
#define KEY_2 "key 2 " SECRET_2 "\n"
#define VECTOR_0 "a08f8dae1e2b7c90eb28d0cbecb6961ba746c327afb510b762a3a73603e9d17a0bef33"
#define VECTOR_1 "000166d20888796c24f6a8e65ffca73bce9bda3b359875f9e4d0729110dfc1050c40fcf434"
#define OTHER_1 "key 1 " SECRET_2 "\n"

static struct kept {
    uint8_t data[200];
    size_t len;
} kept[ITEMS];

static uint32_t kept_count, streams, drawn, given;
static struct l2tpha_store_found found;

/* --- the inner store --- */

static int inner_begin(void *user, uint64_t epoch, uint32_t *stream)
{
    (void)user;
    (void)epoch;
    *stream = 70 + streams++;
    return streams <= 2 ? L2TPHA_OK : L2TPHA_ERR_LIMIT;
}

static int inner_append(void *user, uint32_t stream, uint64_t position, const uint8_t *data,
                        size_t len, bool whole)
{
    (void)user;
    (void)whole;
    if (position > ITEMS)
        return L2TPHA_ERR_LIMIT;
    ck_assert_uint_eq(stream, 69 + streams);
    ck_assert_uint_le(len, sizeof(kept[0].data));
    memcpy(kept[position - 1].data, data, len);
    kept[position - 1].len = len;
    kept_count = (uint32_t)position;
    return L2TPHA_OK;
}

static int inner_read(void *user, bool mend, l2tpha_store_item fn, void *arg,
                      struct l2tpha_store_found *what)
{
    int error = L2TPHA_OK;

    (void)user;
    (void)mend;
    *what = (struct l2tpha_store_found){.any = kept_count > 0};
    for (uint32_t i = 0; i < kept_count && !error; i++) {
        /* Its end is the end of what may be read. */
        uint8_t *exact = talloc_memdup(root, kept[i].data, kept[i].len);
        error = fn(arg, exact, kept[i].len);
        talloc_free(exact);
    }
    return error;
}

static int inner_drop(void *user, uint32_t stream, bool keep)
{
    (void)user;
    (void)stream;
    (void)keep;
    return L2TPHA_OK;
}

static void inner_free(void *user)
{
    (void)user;
}

static struct l2tpha_store inner = {.size = sizeof(inner),
                                    .name = "list",
                                    .begin = inner_begin,
                                    .append = inner_append,
                                    .read = inner_read,
                                    .drop = inner_drop,
                                    .free = inner_free};

/* --- a sealed one --- */

static int draw(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, (int)++drawn, len);
    return 0;
}

static const struct l2tpha_crypto *crypto;
static struct l2tpha_seal_keys *keys;
static struct l2tpha_store *store;

static void begin(const char *text, bool takes_plain)
{
    struct l2tpha_seal_fault fault;

    crypto = adapters[0]();
    assert_ok(l2tpha_seal_keys_new(root, crypto, text, strlen(text), &fault, &keys));
    const struct l2tpha_sealed_store_options options = {.size = sizeof(options),
                                                        .crypto = crypto,
                                                        .keys = keys,
                                                        .random = draw,
                                                        .takes_plain = takes_plain};
    assert_ok(l2tpha_sealed_store_new(root, &inner, &options, &store));
    ck_assert_str_eq(store->name, "list");
    streams = 0;
}

static void end(void)
{
    store->free(store->user);
    l2tpha_seal_keys_free(keys);
}

static size_t item(uint64_t position, char text[64])
{
    return (size_t)snprintf(text, 64, "secret checkpoint %llu", (unsigned long long)position);
}

static void write_all(const char *text)
{
    uint32_t stream;
    char plain[64];

    begin(text, false);
    assert_ok(store->begin(store->user, 7, &stream));
    for (uint64_t i = 1; i <= ITEMS; i++)
        assert_ok(store->append(store->user, stream, i, (uint8_t *)plain, item(i, plain), i == 3));
    assert_ok(store->drop(store->user, stream, true));
    end();
}

static void write_plain(void)
{
    for (kept_count = 0; kept_count < ITEMS; kept_count++)
        kept[kept_count].len = item(kept_count + 1, (char *)kept[kept_count].data);
}

static int take_item(void *user, const uint8_t *data, size_t len)
{
    char plain[64];

    (void)user;
    ck_assert_uint_eq(len, item(++given, plain));
    ck_assert_mem_eq(data, plain, len);
    return L2TPHA_OK;
}

static int read_all(const char *text, bool takes_plain)
{
    begin(text, takes_plain);
    given = 0;
    int error = store->read(store->user, false, take_item, NULL, &found);
    end();
    return error;
}

static void assert_refused(const char *text, const char *why)
{
    assert_error(read_all(text, false), L2TPHA_ERR_SEAL);
    ck_assert_str_eq(found.fault, why);
}

static void set_up(void)
{
    fixture_setup();
    kept_count = drawn = 0;
}

START_TEST(what_was_sealed_is_read)
{
    write_all(_i ? "suite aes\n" KEY_1 : KEY_1);
    for (uint32_t i = 0; i < ITEMS; i++) {
        ck_assert_uint_eq(kept[i].data[0], L2TPHA_STORE_SEALED);
        for (size_t at = 0; at + 6 <= kept[i].len; at++)
            ck_assert_int_ne(memcmp(kept[i].data + at, "secret", 6), 0);
    }
    assert_ok(read_all(KEY_1, false)); /* whichever suite the file has */
    ck_assert_uint_eq(given, ITEMS);
    assert_ok(read_all(KEY_1, true));
    ck_assert_uint_eq(given, ITEMS);
}
END_TEST

/* HKDF and AEAD by the library of another: python3-cryptography has made it. */
START_TEST(a_vector)
{
    write_all(KEY_1);
    assert_octets(kept[0].data, 42,
                  "004c325301"
                  "01"
                  "00000001"
                  "0101010101010101010101010101010101010101010101010101010101010101");
    assert_octets(kept[0].data + 42, kept[0].len - 42, VECTOR_0);
    assert_octets(kept[1].data, kept[1].len, VECTOR_1);
}
END_TEST

/* The same under one key would show what differs. */
START_TEST(no_key_is_used_twice)
{
    uint8_t first[sizeof(kept[0].data)];

    write_all(KEY_1);
    memcpy(first, kept[1].data, kept[1].len);
    write_all(KEY_1);
    ck_assert_int_ne(memcmp(first + 2, kept[1].data + 2, kept[1].len - 2), 0);
    ck_assert_uint_eq(drawn, 2);
}
END_TEST

START_TEST(an_octet_changes)
{
    write_all(KEY_1);
    for (uint32_t i = 0; i < ITEMS; i++)
        for (size_t at = 0; at < kept[i].len; at++)
            for (unsigned bit = 0; bit < 8; bit += 7) {
                kept[i].data[at] ^= (uint8_t)(1u << bit);
                assert_error(read_all(KEY_1 KEY_2, false), L2TPHA_ERR_SEAL);
                ck_assert_ptr_nonnull(found.fault);
                ck_assert_uint_eq(given, i);
                kept[i].data[at] ^= (uint8_t)(1u << bit);
            }
    assert_ok(read_all(KEY_1 KEY_2, false));
}
END_TEST

START_TEST(an_item_is_cut)
{
    write_all(KEY_1);
    for (uint32_t i = 0; i < 2; i++) {
        size_t len = kept[i].len;
        for (kept[i].len = 1; kept[i].len < len; kept[i].len++)
            assert_error(read_all(KEY_1, false), L2TPHA_ERR_SEAL);
    }
}
END_TEST

/* Left out, exchanged, repeated, or of another stream. */
START_TEST(items_are_others)
{
    write_all(KEY_1);
    kept[3] = kept[4 - 2 * (_i == 1)];
    if (_i == 2) {
        struct kept mine = kept[2];
        write_all(KEY_1);
        kept[2] = mine;
    }
    assert_refused(KEY_1, "what was sealed has changed");
    ck_assert_uint_eq(given, _i == 2 ? 2 : 3);
}
END_TEST

START_TEST(another_key)
{
    write_all(KEY_1);
    assert_refused(OTHER_1, "the key does not open it: it is another one, or what was sealed has "
                            "changed");
    assert_refused(KEY_2, "it is sealed with a key that is not among the keys");
    ck_assert_uint_eq(given, 0);
}
END_TEST

/* A new first key; what the old one has sealed is read as long as it is in the file. */
START_TEST(rotation)
{
    write_all(KEY_1);
    assert_ok(read_all(KEY_2 KEY_1, false));
    write_all(KEY_2 KEY_1);
    assert_octets(kept[0].data + 6, 4, "00000002");
    assert_ok(read_all(KEY_2, false));
    ck_assert_uint_eq(given, ITEMS);
}
END_TEST

START_TEST(what_is_plain)
{
    write_plain();
    assert_refused(KEY_1, "it is not sealed");
    ck_assert_uint_eq(given, 0);
    assert_ok(read_all(KEY_1, true));
    ck_assert_uint_eq(given, ITEMS);
}
END_TEST

START_TEST(a_mixture)
{
    struct kept plain;

    write_plain();
    plain = kept[2];
    write_all(KEY_1);
    if (_i == 0) {
        kept[2] = plain;
    } else {
        plain = kept[2];
        write_plain();
        kept[2] = plain;
    }
    assert_error(read_all(KEY_1, true), L2TPHA_ERR_SEAL);
    ck_assert_str_eq(found.fault, "sealed and unsealed checkpoints are mixed");
    ck_assert_uint_eq(given, 2);
}
END_TEST

START_TEST(what_is_missing)
{
    struct l2tpha_crypto poor;
    struct l2tpha_sealed_store_options options = {.size = 1};
    struct l2tpha_store *made;

    begin(KEY_1, false);
    assert_error(l2tpha_sealed_store_new(root, &inner, &options, &made), L2TPHA_ERR_INVALID);
    options = (struct l2tpha_sealed_store_options){
        .size = sizeof(options), .crypto = crypto, .keys = keys};
    assert_error(l2tpha_sealed_store_new(root, &inner, &options, &made), L2TPHA_ERR_INVALID);
    poor = *crypto;
    poor.seal = NULL;
    options.random = draw;
    options.crypto = &poor;
    assert_error(l2tpha_sealed_store_new(root, &inner, &options, &made), L2TPHA_ERR_CRYPTO);
    end();
}
END_TEST

Suite *suite_sealed_store(void);
Suite *suite_sealed_store(void)
{
    Suite *suite = suite_create("sealed_store");
    TCase *tcase = tcase_create("sealed_store");

    tcase_add_checked_fixture(tcase, set_up, fixture_teardown);
    tcase_add_loop_test(tcase, what_was_sealed_is_read, 0, 2);
    tcase_add_test(tcase, a_vector);
    tcase_add_test(tcase, no_key_is_used_twice);
    tcase_add_test(tcase, an_octet_changes);
    tcase_add_test(tcase, an_item_is_cut);
    tcase_add_loop_test(tcase, items_are_others, 0, 3);
    tcase_add_test(tcase, another_key);
    tcase_add_test(tcase, rotation);
    tcase_add_test(tcase, what_is_plain);
    tcase_add_loop_test(tcase, a_mixture, 0, 2);
    tcase_add_test(tcase, what_is_missing);
    suite_add_tcase(suite, tcase);
    return suite;
}
