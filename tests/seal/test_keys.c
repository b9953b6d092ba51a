/* SPDX-License-Identifier: MIT */
#include "ends.h"
#include "seal/keys.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY(id) "key " #id " " SECRET_1 "\n"

static struct l2tpha_seal_fault fault;
static struct l2tpha_seal_keys *keys;

static int read_text(const char *text)
{
    /* Its end is the end of what may be read. */
    char *exact = talloc_memdup(root, text, strlen(text));

    int error = l2tpha_seal_keys_new(root, adapters[0](), exact, strlen(text), &fault, &keys);
    talloc_free(exact);
    return error;
}

static const struct {
    const char *text;
    unsigned line;
    const char *why;
} faults[] = {
    {"", 0, "no key"},
    {"# nothing\n\n", 0, "no key"},
    {"suite aes\n", 0, "no key"},
    {KEY(1) KEY(1), 2, "another key has this id"},
    {"# a\n" KEY(1) "\n" KEY(2) KEY(1), 5, "another key has this id"},
    {"key 1 0001\n", 1, "a key of less than 64 hexadecimal digits"},
    {"key 1\n", 1, "a key of less than 64 hexadecimal digits"},
    {"key 1 # " SECRET_1 "\n", 1, "a key of less than 64 hexadecimal digits"},
    {"key 1 " SECRET_1 "0\n", 1, "a key of more than 64 hexadecimal digits"},
    {"key 1 g" ZEROS "\n", 1, "a key of more than 64 hexadecimal digits"},
    {"key 1 g001020304050607080900010203040506070809000102030405060708090a0b\n", 1,
     "a key of other than hexadecimal digits"},
    {KEY(1) "key 2 " ZEROS "\n", 2, "a key of zeros"},
    {"key 0 " SECRET_1 "\n", 1, "the id of a key is from 1 to 4294967295"},
    {"key 4294967296 " SECRET_1 "\n", 1, "the id of a key is from 1 to 4294967295"},
    {"key 99999999999999999999999999 " SECRET_1 "\n", 1, "the id of a key is from 1 to 4294967295"},
    {"key\n", 1, "the id of a key is from 1 to 4294967295"},
    {"key -1 " SECRET_1 "\n", 1, "the id of a key is a number"},
    {"key 0x1 " SECRET_1 "\n", 1, "the id of a key is a number"},
    {"key one " SECRET_1 "\n", 1, "the id of a key is a number"},
    {KEY(1) "keys\n", 2, "neither key nor suite"},
    {"Key 1 " SECRET_1 "\n", 1, "neither key nor suite"},
    {KEY(1) SECRET_1 "\n", 2, "neither key nor suite"},
    {KEY(1) "suite\n", 2, "a suite is chacha or aes"},
    {KEY(1) "suite aesgcm\n", 2, "a suite is chacha or aes"},
    {"suite aes\nsuite aes\n" KEY(1), 2, "a second suite"},
    {"suite aes chacha\n" KEY(1), 1, "too many words"},
    {"key 1 " SECRET_1 " " SECRET_1 "\n", 1, "too many words"},
    {KEY(1) KEY(2) KEY(3) KEY(4) KEY(5) KEY(6) KEY(7) KEY(8) KEY(9), 9, "more than 8 keys"},
};
#define FAULTS ((int)(sizeof(faults) / sizeof(faults[0])))

START_TEST(a_fault_has_its_line)
{
    assert_error(read_text(faults[_i].text), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(keys);
    ck_assert_uint_eq(fault.line, faults[_i].line);
    ck_assert_str_eq(fault.why, faults[_i].why);
}
END_TEST

START_TEST(a_file_is_read)
{
    uint8_t secret[L2TPHA_KEY_SIZE];

    assert_ok(read_text("# ours\n\n\tkey 4294967295\t" SECRET_2 " # the new one\r\n suite aes#\n"
                        "#key 3 " SECRET_1 "\nkey 00007 " SECRET_1));
    ck_assert_ptr_null(fault.why);
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 0), 4294967295u);
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 1), 7);
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 2), 0);
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, SIZE_MAX), 0);
    ck_assert_int_eq(l2tpha_seal_keys_suite(keys), L2TPHA_SUITE_AES);
    read_hex(SECRET_2, secret);
    ck_assert_mem_eq(keys->keys[0].secret, secret, sizeof(secret));
    read_hex(SECRET_1, secret);
    ck_assert_mem_eq(seal_keys_find(keys, 7)->secret, secret, sizeof(secret));
    ck_assert_ptr_null(seal_keys_find(keys, 3));
    ck_assert_ptr_null(seal_keys_find(keys, 0));
    l2tpha_seal_keys_free(keys);
}
END_TEST

START_TEST(digits_are_of_either_case)
{
    uint8_t secret[L2TPHA_KEY_SIZE];

    assert_ok(read_text("key 1 FF0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1EFF"));
    read_hex(SECRET_2, secret);
    ck_assert_mem_eq(keys->keys[0].secret, secret, sizeof(secret));
    ck_assert_int_eq(l2tpha_seal_keys_suite(keys), L2TPHA_SUITE_CHACHA);
    l2tpha_seal_keys_free(keys);
}
END_TEST

START_TEST(eight_keys_are_not_too_many)
{
    assert_ok(read_text(KEY(1) KEY(2) KEY(3) KEY(4) KEY(5) KEY(6) KEY(7) KEY(8)));
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 7), 8);
    l2tpha_seal_keys_free(keys);
}
END_TEST

START_TEST(a_faulty_file_replaces_nothing)
{
    assert_ok(read_text(KEY(1) KEY(2)));
    for (int i = 0; i < FAULTS; i++) {
        const char *text = faults[i].text;
        assert_error(l2tpha_seal_keys_replace(keys, text, strlen(text), &fault),
                     L2TPHA_ERR_INVALID);
        ck_assert_uint_eq(fault.line, faults[i].line);
        ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 0), 1);
        ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 1), 2);
    }
    assert_ok(l2tpha_seal_keys_replace(keys, KEY(3), strlen(KEY(3)), NULL));
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 0), 3);
    ck_assert_uint_eq(l2tpha_seal_keys_id(keys, 1), 0);
    l2tpha_seal_keys_free(keys);
}
END_TEST

/* Any octets, zeros among them, and each file cut anywhere. */
START_TEST(a_file_may_be_anything)
{
    static const char text[] = "suite aes\nkey 1 " SECRET_1 "\nke\0y 2 " SECRET_2 "\n";

    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = talloc_memdup(root, text, len);
        int error = l2tpha_seal_keys_new(root, adapters[0](), exact, len, &fault, &keys);
        ck_assert_int_eq(error, fault.why == NULL ? L2TPHA_OK : L2TPHA_ERR_INVALID);
        l2tpha_seal_keys_free(keys);
        talloc_free(exact);
    }
    assert_error(l2tpha_seal_keys_new(root, adapters[0](), NULL, 0, &fault, &keys),
                 L2TPHA_ERR_INVALID);
    assert_error(l2tpha_seal_keys_new(root, adapters[0](), NULL, 1, &fault, &keys),
                 L2TPHA_ERR_INVALID);
    assert_error(l2tpha_seal_keys_new(root, NULL, KEY(1), 5, &fault, &keys), L2TPHA_ERR_CRYPTO);
    assert_error(l2tpha_seal_keys_new(root, adapters[0](), KEY(1), 5, &fault, NULL),
                 L2TPHA_ERR_INVALID);
    l2tpha_seal_keys_free(NULL);
}
END_TEST

Suite *suite_keys(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("keys", &tcase);

    tcase_add_loop_test(tcase, a_fault_has_its_line, 0, FAULTS);
    tcase_add_test(tcase, a_file_is_read);
    tcase_add_test(tcase, digits_are_of_either_case);
    tcase_add_test(tcase, eight_keys_are_not_too_many);
    tcase_add_test(tcase, a_faulty_file_replaces_nothing);
    tcase_add_test(tcase, a_file_may_be_anything);
    return suite;
}
