/* SPDX-License-Identifier: MIT */
/* What a sealed link needs of each adapter, by published vectors; and adapters of one another. */
#include "adapters.h"
#include "dice.h"
#include "fixture.h"

static const struct l2tpha_crypto *crypto;

/* ---- digests ---- */

/* FIPS 180-4, examples. */
static const struct {
    const char *text, *digest;
} digests[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_is_that_of_the_concatenation)
{
    for (int i = 0; i < ADAPTERS; i++) {
        const uint8_t *text = (const uint8_t *)digests[_i].text;
        size_t len = strlen(digests[_i].text);
        uint8_t digest[L2TPHA_SHA256_SIZE];
        crypto = adapters[i]();
        for (size_t cut = 0; cut <= len; cut++) {
            const struct l2tpha_bytes parts[] = {{text, cut}, {NULL, 0}, {text + cut, len - cut}};
            assert_ok(crypto->sha256(crypto->user, parts, 3, digest));
            assert_octets(digest, sizeof(digest), digests[_i].digest);
        }
    }
}
END_TEST

/* RFC 4231, 4.2 to 4.5, 4.7 and 4.8. A text of one character stands for so many of it. */
static const struct {
    const char *key;
    size_t key_repeat;
    const char *text;
    size_t repeat;
    const char *mac;
} macs[] = {
    {"\x0b", 20, "Hi There", 0, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", 0, "what do ya want for nothing?", 0,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"\xaa", 20, "\xdd", 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
     "\x18\x19",
     0, "\xcd", 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"\xaa", 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"\xaa", 131,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     0, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static struct l2tpha_bytes repeated(const char *text, size_t repeat, uint8_t room[256])
{
    if (repeat == 0)
        return (struct l2tpha_bytes){(const uint8_t *)text, strlen(text)};
    memset(room, text[0], repeat);
    return (struct l2tpha_bytes){room, repeat};
}

START_TEST(hmac_sha256_is_the_published_one)
{
    for (int i = 0; i < ADAPTERS; i++) {
        uint8_t key_room[256], text_room[256], mac[L2TPHA_SHA256_SIZE];
        struct l2tpha_bytes key = repeated(macs[_i].key, macs[_i].key_repeat, key_room);
        struct l2tpha_bytes text = repeated(macs[_i].text, macs[_i].repeat, text_room);
        crypto = adapters[i]();
        for (size_t cut = 0; cut <= text.len; cut++) {
            const struct l2tpha_bytes parts[] = {{text.data, cut},
                                                 {text.data + cut, text.len - cut}};
            assert_ok(crypto->hmac_sha256(crypto->user, &key, parts, 2, mac));
            assert_octets(mac, sizeof(mac), macs[_i].mac);
        }
    }
}
END_TEST

/* ---- the curve ---- */

/* RFC 7748 5.2 and 6.1. */
static const struct {
    const char *scalar, *point, *result;
} products[] = {
    {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "0900000000000000000000000000000000000000000000000000000000000000",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "0900000000000000000000000000000000000000000000000000000000000000",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

START_TEST(x25519_is_the_published_one)
{
    for (int i = 0; i < ADAPTERS; i++) {
        uint8_t scalar[L2TPHA_KEY_SIZE], point[L2TPHA_KEY_SIZE], result[L2TPHA_KEY_SIZE];
        read_hex(products[_i].scalar, scalar);
        read_hex(products[_i].point, point);
        crypto = adapters[i]();
        assert_ok(crypto->x25519(crypto->user, scalar, point, result));
        assert_octets(result, sizeof(result), products[_i].result);
        assert_octets(scalar, sizeof(scalar), products[_i].scalar);
    }
}
END_TEST

/* RFC 7748 5.2: the result becomes the scalar, and the scalar the point. */
START_TEST(x25519_a_thousand_times)
{
    for (int i = 0; i < ADAPTERS; i++) {
        uint8_t scalar[L2TPHA_KEY_SIZE] = {9}, point[L2TPHA_KEY_SIZE] = {9};
        crypto = adapters[i]();
        for (unsigned n = 1; n <= 1000; n++) {
            uint8_t result[L2TPHA_KEY_SIZE];
            assert_ok(crypto->x25519(crypto->user, scalar, point, result));
            memcpy(point, scalar, sizeof(point));
            memcpy(scalar, result, sizeof(scalar));
            if (n == 1)
                assert_octets(scalar, sizeof(scalar),
                              "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        }
        assert_octets(scalar, sizeof(scalar),
                      "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    }
}
END_TEST

/* Points of order 1, 2, 4 and 8, of the curve and of its twist, and the same past the prime. */
static const char *const small_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

START_TEST(x25519_refuses_points_of_small_order)
{
    for (int i = 0; i < ADAPTERS; i++) {
        uint8_t scalar[L2TPHA_KEY_SIZE], point[L2TPHA_KEY_SIZE], result[L2TPHA_KEY_SIZE];
        read_hex(products[0].scalar, scalar);
        read_hex(small_points[_i], point);
        crypto = adapters[i]();
        assert_error(crypto->x25519(crypto->user, scalar, point, result), L2TPHA_ERR_CRYPTO);
    }
}
END_TEST

/* ---- suites ---- */

/* RFC 8439 2.8.2; test cases 13 to 16 of the specification of GCM, whose key has 256 bits. */
static const struct {
    enum l2tpha_suite suite;
    const char *key, *nonce, *aad, *plain, *sealed, *tag;
} records[] = {
    {L2TPHA_SUITE_CHACHA, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a2049662049"
     "20636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c20"
     "73756e73637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
     "728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b"
     "4831d7bc3ff4def08e4b7a9de576d26586cec64b6116",
     "1ae10b594f09e26a7e902ecbd0600691"},
    {L2TPHA_SUITE_AES, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {L2TPHA_SUITE_AES, "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {L2TPHA_SUITE_AES, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {L2TPHA_SUITE_AES, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

struct record {
    enum l2tpha_suite suite;
    uint8_t key[L2TPHA_KEY_SIZE], nonce[L2TPHA_NONCE_SIZE], tag[L2TPHA_TAG_SIZE];
    uint8_t aad_room[64], data[256];
    struct l2tpha_bytes aad;
    size_t len;
};

static struct record *record_of(int i, const char *data)
{
    struct record *record = talloc_zero(root, struct record);

    record->suite = records[i].suite;
    read_hex(records[i].key, record->key);
    read_hex(records[i].nonce, record->nonce);
    read_hex(records[i].tag, record->tag);
    record->aad =
        (struct l2tpha_bytes){record->aad_room, read_hex(records[i].aad, record->aad_room)};
    record->len = read_hex(data, record->data);
    return record;
}

static int open_it(struct record *record)
{
    return crypto->open(crypto->user, record->suite, record->key, record->nonce, &record->aad,
                        record->data, record->len, record->tag);
}

START_TEST(suites_are_the_published_ones)
{
    for (int i = 0; i < ADAPTERS; i++) {
        struct record *record = record_of(_i, records[_i].plain);
        crypto = adapters[i]();
        assert_ok(crypto->seal(crypto->user, record->suite, record->key, record->nonce,
                               &record->aad, record->data, record->len, record->tag));
        assert_octets(record->data, record->len, records[_i].sealed);
        assert_octets(record->tag, sizeof(record->tag), records[_i].tag);
        assert_ok(open_it(record));
        assert_octets(record->data, record->len, records[_i].plain);
        talloc_free(record);
    }
}
END_TEST

static void assert_refused(int i, size_t offset, size_t len)
{
    static const uint8_t zeros[256];

    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct record *record = record_of(i, records[i].sealed);
        ((uint8_t *)record)[offset + bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_error(open_it(record), L2TPHA_ERR_SEAL);
        if (memcmp(record->data, zeros, record->len) != 0)
            ck_abort_msg("what does not verify is not wiped");
        talloc_free(record);
    }
}

START_TEST(a_change_of_any_bit_is_seen)
{
    for (int i = 0; i < ADAPTERS; i++) {
        crypto = adapters[i]();
        assert_refused(_i, offsetof(struct record, data), strlen(records[_i].sealed) / 2);
        assert_refused(_i, offsetof(struct record, tag), L2TPHA_TAG_SIZE);
        assert_refused(_i, offsetof(struct record, aad_room), strlen(records[_i].aad) / 2);
        assert_refused(_i, offsetof(struct record, key), L2TPHA_KEY_SIZE);
        assert_refused(_i, offsetof(struct record, nonce), L2TPHA_NONCE_SIZE);
    }
}
END_TEST

START_TEST(another_suite_is_not_offered)
{
    for (int i = 0; i < ADAPTERS; i++) {
        struct record *record = record_of(0, records[0].plain);
        crypto = adapters[i]();
        record->suite = (enum l2tpha_suite)_i;
        assert_error(open_it(record), L2TPHA_ERR_CRYPTO);
        assert_error(crypto->seal(crypto->user, record->suite, record->key, record->nonce,
                                  &record->aad, record->data, record->len, record->tag),
                     L2TPHA_ERR_CRYPTO);
        assert_octets(record->data, record->len, records[0].plain);
        talloc_free(record);
    }
}
END_TEST

/* ---- one another ---- */

#define TURNS 200
#define LONGEST 70000

static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)below(256);
}

static void assert_same_record(const struct l2tpha_crypto *other, uint8_t *data, size_t len,
                               enum l2tpha_suite suite)
{
    uint8_t key[L2TPHA_KEY_SIZE], nonce[L2TPHA_NONCE_SIZE], tag[L2TPHA_TAG_SIZE];
    uint8_t aad_room[40];
    const struct l2tpha_bytes aad = {aad_room, below(sizeof(aad_room))};

    fill(key, sizeof(key));
    fill(nonce, sizeof(nonce));
    fill(aad_room, sizeof(aad_room));
    uint8_t *kept = talloc_memdup(root, data, len);
    assert_ok(crypto->seal(crypto->user, suite, key, nonce, &aad, data, len, tag));
    assert_ok(other->open(other->user, suite, key, nonce, &aad, data, len, tag));
    if (memcmp(data, kept, len) != 0)
        ck_abort_msg("adapters differ, %zu bytes of suite %d", len, suite);
    talloc_free(kept);
}

static void assert_same_digests(const struct l2tpha_crypto *other, const uint8_t *data, size_t len)
{
    const struct l2tpha_bytes part = {data, len}, key = {data, len / 7};
    uint8_t ours[L2TPHA_SHA256_SIZE], theirs[L2TPHA_SHA256_SIZE];

    assert_ok(crypto->sha256(crypto->user, &part, 1, ours));
    assert_ok(other->sha256(other->user, &part, 1, theirs));
    ck_assert_mem_eq(ours, theirs, sizeof(ours));
    assert_ok(crypto->hmac_sha256(crypto->user, &key, &part, 1, ours));
    assert_ok(other->hmac_sha256(other->user, &key, &part, 1, theirs));
    ck_assert_mem_eq(ours, theirs, sizeof(ours));
    if (len < 2 * L2TPHA_KEY_SIZE)
        return;
    assert_ok(crypto->x25519(crypto->user, data, data + L2TPHA_KEY_SIZE, ours));
    assert_ok(other->x25519(other->user, data, data + L2TPHA_KEY_SIZE, theirs));
    ck_assert_mem_eq(ours, theirs, sizeof(ours));
}

START_TEST(adapters_agree)
{
    uint8_t *data = talloc_size(root, LONGEST);

    random_state = 7;
    for (int turn = 0; turn < TURNS; turn++) {
        const struct l2tpha_crypto *other = adapters[turn % ADAPTERS]();
        size_t len = turn < 80 ? (size_t)turn : below(LONGEST);
        crypto = adapters[(turn + 1) % ADAPTERS]();
        fill(data, len);
        assert_same_digests(other, data, len);
        assert_same_record(other, data, len, L2TPHA_SUITE_CHACHA);
        assert_same_record(other, data, len, L2TPHA_SUITE_AES);
    }
    talloc_free(data);
}
END_TEST

START_TEST(structs_are_complete)
{
    for (int i = 0; i < ADAPTERS; i++) {
        crypto = adapters[i]();
        ck_assert_uint_eq(crypto->size, sizeof(struct l2tpha_crypto));
        ck_assert(crypto->sha256 && crypto->hmac_sha256 && crypto->x25519 && crypto->seal &&
                  crypto->open);
    }
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *suite_crypto(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("crypto", &tcase);

    tcase_add_loop_test(tcase, sha256_is_that_of_the_concatenation, 0, COUNT(digests));
    tcase_add_loop_test(tcase, hmac_sha256_is_the_published_one, 0, COUNT(macs));
    tcase_add_loop_test(tcase, x25519_is_the_published_one, 0, COUNT(products));
    tcase_add_test(tcase, x25519_a_thousand_times);
    tcase_add_loop_test(tcase, x25519_refuses_points_of_small_order, 0, COUNT(small_points));
    tcase_add_loop_test(tcase, suites_are_the_published_ones, 0, COUNT(records));
    tcase_add_loop_test(tcase, a_change_of_any_bit_is_seen, 0, COUNT(records));
    tcase_add_loop_test(tcase, another_suite_is_not_offered, 3, 6);
    tcase_add_test(tcase, adapters_agree);
    tcase_add_test(tcase, structs_are_complete);
    return suite;
}
