/* SPDX-License-Identifier: MIT */
#include <l2tpha/message.h>
#include <stdlib.h>
#include <string.h>

#include "codec/hidden.h"
#include "crypto/crypto.h"
#include "fixture.h"
#include "wire.h"

static const uint8_t secret[] = "correct horse";
static const uint8_t vector[] = "0123456789abcdef";
static struct l2tpha_hiding hiding;
static struct wire wire;
static struct l2tpha_message message;
static struct l2tpha_decode_fault fault;
static uint8_t scratch[65536];

static void setup(void)
{
    hiding = (struct l2tpha_hiding){tests_crypto(), secret, sizeof(secret) - 1};
}

static struct hidden_key key_of(uint16_t type)
{
    return (struct hidden_key){&hiding, {vector, 16}, type};
}

/* Append a hidden AVP: embedded length, value and padding as told. */
static void wire_hidden(unsigned flags, uint16_t type, uint16_t embedded, const void *value,
                        size_t len, size_t padding)
{
    struct hidden_key key = key_of(type);
    uint8_t data[1017] = {(uint8_t)(embedded >> 8), (uint8_t)embedded};

    if (len)
        memcpy(data + 2, value, len);
    memset(data + 2 + len, 0x5a, padding);
    assert_ok(hidden_encipher(&key, data, 2 + len + padding));
    wire_avp(&wire, flags | WIRE_H, 0, type, data, 2 + len + padding);
}

static void wire_vector(void)
{
    wire_avp(&wire, WIRE_M, 0, 36, vector, 16);
}

/* Decode and unhide from memory of exactly the right sizes. */
static int open_wire(const struct l2tpha_hiding *with)
{
    int error = l2tpha_message_decode(wire.data, wire.len, &message, &fault);
    if (error)
        return error;
    size_t cap = message.body_len;
    uint8_t *exact = malloc(cap ? cap : 1);
    ck_assert_ptr_nonnull(exact);
    error = l2tpha_message_unhide(&message, with, exact, cap, &fault);
    if (message.body == exact) { /* keep it readable after the memory is gone */
        memcpy(scratch, exact, message.body_len);
        for (size_t i = 0; i < message.avp_count; i++)
            message.avps[i].value = scratch + (message.avps[i].value - exact);
        message.body = scratch;
    }
    free(exact);
    return error;
}

static const struct {
    uint16_t type;
    const char *secret, *vector, *value, *padding, *hidden;
} vectors[] = {
#define VECTOR(type, secret, vector, value, padding, hidden)                                       \
    {type, secret, vector, value, padding, hidden},
#include "vectors/hidden.inc"
#undef VECTOR
};
#define VECTORS ((int)(sizeof(vectors) / sizeof(vectors[0])))

START_TEST(known_answers)
{
    uint8_t s[64], rv[64], value[1017], hidden[1017], got[1017] = {0};
    size_t s_len = wire_hex(vectors[_i].secret, s, sizeof(s));
    size_t rv_len = wire_hex(vectors[_i].vector, rv, sizeof(rv));
    size_t len = wire_hex(vectors[_i].value, value, sizeof(value));
    size_t hidden_len = wire_hex(vectors[_i].hidden, hidden, sizeof(hidden));
    struct l2tpha_hiding with = {tests_crypto(), s, s_len};
    struct hidden_key key = {&with, {rv, rv_len}, vectors[_i].type};
    struct l2tpha_bytes out;
    const char *why;

    assert_ok(hidden_decipher(&key, hidden, hidden_len, got, &out, &why));
    ck_assert_uint_eq(out.len, len);
    ck_assert_ptr_null(why);
    if (len)
        ck_assert_mem_eq(out.data, value, len);

    got[0] = (uint8_t)(len >> 8);
    got[1] = (uint8_t)len;
    memcpy(got + 2, value, len);
    size_t padding = wire_hex(vectors[_i].padding, got + 2 + len, sizeof(got) - 2 - len);
    assert_ok(hidden_encipher(&key, got, 2 + len + padding));
    ck_assert_uint_eq(2 + len + padding, hidden_len);
    ck_assert_mem_eq(got, hidden, hidden_len);
}
END_TEST

START_TEST(every_length_comes_back)
{
    struct hidden_key key = key_of(33);
    struct l2tpha_bytes out;
    const char *why;

    for (size_t len = 0; len <= HIDDEN_VALUE_MAX; len++) {
        uint8_t *data = malloc(len + 2), *clear = malloc(len + 2);
        ck_assert(data && clear);
        memset(data, (int)(len & 0xff), len + 2);
        data[0] = (uint8_t)(len >> 8);
        data[1] = (uint8_t)len;
        assert_ok(hidden_encipher(&key, data, len + 2));
        assert_ok(hidden_decipher(&key, data, len + 2, clear, &out, &why));
        ck_assert_uint_eq(out.len, len);
        for (size_t i = 0; i < len; i++)
            if (out.data[i] != (len & 0xff))
                ck_abort_msg("octet %zu of %zu differs", i, len);
        free(data);
        free(clear);
    }
}
END_TEST

/* The embedded length is bounded by what was received, in one block and in several. */
START_TEST(embedded_length_is_bounded)
{
    static const uint16_t sizes[] = {0, 1, 13, 14, 15, 30, 100, 1015};
    static const struct {
        int over;
        int error;
    } rows[] = {{-1, L2TPHA_OK}, {0, L2TPHA_OK}, {1, L2TPHA_ERR_AVP_HIDDEN}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < 4; k++) {
            uint16_t embedded = k < 3 ? (uint16_t)(sizes[i] + rows[k].over) : 0xffff;
            int expected = k < 3 ? rows[k].error : L2TPHA_ERR_AVP_HIDDEN;
            if (embedded == 0xffff) /* also what 0 - 1 gives */
                expected = L2TPHA_ERR_AVP_HIDDEN;
            uint8_t value[1015] = {0};
            wire_begin(&wire, WIRE_M, 12);
            wire_vector();
            wire_hidden(WIRE_M, 33, embedded, value, sizes[i], 0);
            assert_error(open_wire(&hiding), expected);
            ck_assert_uint_eq(l2tpha_message_has(&message, 33), expected == L2TPHA_OK);
            if (expected == L2TPHA_OK)
                ck_assert_uint_eq(l2tpha_message_find(&message, 33)->len, embedded);
        }
    }
}
END_TEST

START_TEST(values_of_no_and_one_octet_are_refused)
{
    for (size_t len = 0; len < 2; len++) {
        wire_begin(&wire, WIRE_M, 12);
        wire_vector();
        wire_avp(&wire, WIRE_H | WIRE_M, 0, 33, "x", len);
        assert_error(open_wire(&hiding), L2TPHA_ERR_AVP_HIDDEN);
        ck_assert_uint_eq(fault.type, 33);
        ck_assert(fault.is_avp && fault.mandatory);
    }
}
END_TEST

START_TEST(hidden_request_is_opened)
{
    uint32_t framing = 0;
    uint16_t id = 0;

    wire_begin(&wire, WIRE_M, 1);
    wire_avp_u16(&wire, WIRE_M, 2, 0x0100);
    wire_avp(&wire, WIRE_M, 0, 7, "peer", 4);
    wire_vector();
    wire_hidden(WIRE_M, 3, 4, "\0\0\0\3", 4, 0);
    wire_hidden(WIRE_M, 9, 2, "\x12\x34", 2, 40); /* padded */
    assert_ok(l2tpha_message_decode(wire.data, wire.len, &message, &fault));
    ck_assert_uint_eq(message.hidden, 2);
    ck_assert(l2tpha_message_find(&message, 9)->hidden);
    ck_assert(!l2tpha_message_u16(&message, 9, &id) && !l2tpha_message_has(&message, 9));
    assert_error(l2tpha_message_check(&message, &fault), L2TPHA_ERR_AVP_HIDDEN);

    assert_ok(l2tpha_message_unhide(&message, &hiding, scratch, message.body_len, &fault));
    ck_assert_uint_eq(message.hidden, 0);
    ck_assert(l2tpha_message_u32(&message, 3, &framing) && framing == 3);
    ck_assert(l2tpha_message_u16(&message, 9, &id) && id == 0x1234);
    ck_assert(l2tpha_message_find(&message, 9)->mandatory);
    assert_ok(l2tpha_message_check(&message, &fault));
    /* Once is enough, and twice does no harm. */
    assert_ok(l2tpha_message_unhide(&message, &hiding, scratch, 0, &fault));
}
END_TEST

START_TEST(known_hidden_message_is_opened)
{
    static const char hex[] =
#define MESSAGE(name, type, datagram) "\0" name "\0" datagram
#include "vectors/messages.inc"

#undef MESSAGE
        ;
    uint8_t key[64];
    const char *at = hex + 1, *end = hex + sizeof(hex) - 1;

    hiding.secret = key;
    hiding.secret_len = wire_hex(vectors[0].secret, key, sizeof(key));
    while (at < end && strcmp(at, "hidden SCCRQ") != 0)
        at += strlen(at) + 1;
    ck_assert(at < end);
    wire.len = wire_hex(at + strlen(at) + 1, wire.data, sizeof(wire.data));
    assert_ok(l2tpha_message_open(wire.data, wire.len, &hiding, scratch, sizeof(scratch), &message,
                                  &fault));
    ck_assert_uint_eq(l2tpha_message_find(&message, 11)->len, 16);
}
END_TEST

/* The vector that counts is the last one before the AVP. */
START_TEST(each_vector_applies_to_what_follows)
{
    static const uint8_t other[] = "another vector, longer than the first";
    struct hidden_key key = {&hiding, {other, sizeof(other)}, 21};
    uint8_t value[] = {0, 3, '5', '5', '5'};
    struct l2tpha_bytes out;

    wire_begin(&wire, WIRE_M, 10);
    wire_vector();
    wire_hidden(WIRE_M, 14, 2, "\0\5", 2, 0);
    wire_avp(&wire, WIRE_M, 0, 36, other, sizeof(other));
    assert_ok(hidden_encipher(&key, value, sizeof(value)));
    wire_avp(&wire, WIRE_M | WIRE_H, 0, 21, value, sizeof(value));
    wire_vector();
    wire_hidden(WIRE_M, 15, 4, "\0\0\0\7", 4, 0);
    assert_ok(open_wire(&hiding));
    assert_ok(l2tpha_message_check(&message, &fault));
    ck_assert(l2tpha_message_bytes(&message, 21, &out) && out.len == 3);
    ck_assert_mem_eq(out.data, "555", 3);
}
END_TEST

enum { NO_VECTOR, NO_SECRET, NO_HIDING, NO_CRYPTO, LATE_VECTOR, MARKED_VECTOR };

/* M=1 ends it, M=0 is ignored. */
START_TEST(undecipherable_follows_the_m_bit)
{
    struct l2tpha_hiding none = {hiding.crypto, secret, 0}, no_crypto = {NULL, secret, 5};
    const struct l2tpha_hiding *with = &hiding;

    for (int m = 0; m < 2; m++) {
        wire_sccrq(&wire);
        if (_i != NO_VECTOR && _i != LATE_VECTOR)
            wire_avp(&wire, _i == MARKED_VECTOR ? 0x0400 : WIRE_M, 0, 36, vector, 16);
        wire_hidden(m ? WIRE_M : 0, 8, 1, "x", 1, 0);
        if (_i == LATE_VECTOR)
            wire_vector();
        with = _i == NO_SECRET ? &none : _i == NO_HIDING ? NULL : with;
        with = _i == NO_CRYPTO ? &no_crypto : with;
        assert_error(open_wire(with), m ? L2TPHA_ERR_AVP_HIDDEN : L2TPHA_OK);
        ck_assert(!l2tpha_message_has(&message, 8));
        ck_assert(l2tpha_message_has(&message, 9));
        if (m) {
            ck_assert_uint_eq(fault.type, 8);
        } else {
            ck_assert_uint_eq(message.ignored, _i == MARKED_VECTOR ? 2 : 1);
            ck_assert_uint_eq(message.ignored_first.error, L2TPHA_ERR_AVP_HIDDEN);
            assert_ok(l2tpha_message_check(&message, &fault));
        }
    }
}
END_TEST

START_TEST(what_must_not_be_hidden_is_refused)
{
    static const struct {
        uint16_t message, type;
    } rows[] = {{1, 2}, {1, 5}, {1, 7}, {1, 10}, {14, 1}, {14, 12}, {12, 39}, {1, 77}, {1, 36}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int m = 0; m < 2; m++) {
            wire_begin(&wire, WIRE_M, rows[i].message);
            wire_vector();
            wire_hidden(m ? WIRE_M : 0, rows[i].type, 2, "\0\1", 2, 0);
            assert_error(open_wire(&hiding), m ? L2TPHA_ERR_MALFORMED : L2TPHA_OK);
            ck_assert_uint_eq(message.ignored, !m);
        }
    }
}
END_TEST

/* The clear value passes the same checks as a visible one. */
START_TEST(hidden_values_are_checked)
{
    static const struct {
        uint16_t type, len;
        int error;
    } rows[] = {{9, 1, L2TPHA_ERR_AVP_LENGTH},
                {9, 2, L2TPHA_ERR_AVP_VALUE},
                {9, 3, L2TPHA_ERR_AVP_LENGTH},
                {11, 0, L2TPHA_ERR_AVP_LENGTH},
                {3, 5, L2TPHA_ERR_AVP_LENGTH}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wire_begin(&wire, WIRE_M, 1);
        wire_vector();
        wire_hidden(WIRE_M, rows[i].type, rows[i].len, "\0\0\0\0\0", rows[i].len, 20);
        assert_error(open_wire(&hiding), rows[i].error);
        ck_assert_uint_eq(fault.type, rows[i].type);
    }
}
END_TEST

START_TEST(hidden_duplicates_are_seen)
{
    wire_sccrq(&wire);
    wire_vector();
    wire_hidden(WIRE_M, 9, 2, "\x12\x34", 2, 0);
    assert_error(open_wire(&hiding), L2TPHA_ERR_AVP_DUPLICATE);
}
END_TEST

START_TEST(vendor_values_are_deciphered_too)
{
    struct hidden_key key = key_of(2);
    uint8_t value[] = {0, 1, 'v'};

    assert_ok(hidden_encipher(&key, value, sizeof(value)));
    wire_begin(&wire, WIRE_M, 6);
    wire_vector();
    wire_avp(&wire, WIRE_H, 3561, 2, value, sizeof(value));
    assert_ok(open_wire(&hiding));
    const struct l2tpha_avp *avp = l2tpha_message_find_vendor(&message, 3561, 2);
    ck_assert_ptr_nonnull(avp);
    ck_assert(!avp->hidden && avp->len == 1 && avp->value[0] == 'v');
}
END_TEST

START_TEST(still_hidden_values_are_not_iterated)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_bytes bytes;

    wire_begin(&wire, 0, 21);
    wire_vector();
    wire_hidden(WIRE_M, 79, 10, "\0\0\0\0\0\1\0\0\0\2", 10, 0);
    assert_ok(l2tpha_message_decode(wire.data, wire.len, &message, &fault));
    ck_assert(!l2tpha_message_each(&message, 79, &cursor));
    ck_assert(!l2tpha_message_bytes(&message, 79, &bytes));
}
END_TEST

START_TEST(wrong_secret_never_gives_an_open_message)
{
    static const uint8_t wrong[] = "incorrect horse";
    struct l2tpha_hiding with = {hiding.crypto, wrong, sizeof(wrong) - 1};

    wire_sccrq(&wire);
    wire_vector();
    wire_hidden(WIRE_M, 11, 16, "0123456789abcdef", 16, 0);
    ck_assert_int_ne(open_wire(&with), L2TPHA_OK);
}
END_TEST

START_TEST(scratch_must_hold_the_body)
{
    wire_begin(&wire, WIRE_M, 11);
    wire_vector();
    wire_hidden(WIRE_M, 14, 2, "\0\5", 2, 0);
    assert_ok(l2tpha_message_decode(wire.data, wire.len, &message, &fault));
    size_t need = message.body_len;
    assert_error(l2tpha_message_unhide(&message, &hiding, scratch, need - 1, &fault),
                 L2TPHA_ERR_TOO_SMALL);
    ck_assert_uint_eq(message.hidden, 1); /* nothing changed */
    assert_ok(l2tpha_message_unhide(&message, &hiding, scratch, need, NULL));
    assert_ok(l2tpha_message_check(&message, NULL));
}
END_TEST

static int broken_md5(void *user, const struct l2tpha_bytes *parts, size_t count,
                      uint8_t digest[L2TPHA_MD5_SIZE])
{
    int *left = user;

    return (*left)-- > 0 ? tests_crypto()->md5(NULL, parts, count, digest) : -1;
}

/* Crypto that breaks is no fault of the peer: the M bit has no say. */
START_TEST(broken_crypto_is_told)
{
    int left = _i;
    struct l2tpha_crypto crypto = *hiding.crypto;
    struct l2tpha_hiding with = {&crypto, secret, sizeof(secret) - 1};

    crypto.user = &left;
    crypto.md5 = broken_md5;
    wire_sccrq(&wire);
    wire_vector();
    wire_hidden(0, 8, 20, "0123456789abcdefghij", 20, 0);
    assert_error(open_wire(&with), _i < 2 ? L2TPHA_ERR_CRYPTO : L2TPHA_OK);
}
END_TEST

START_TEST(thousands_of_hidden_states_are_read)
{
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session state;
    unsigned count = 0;

    wire_begin(&wire, 0, 21);
    wire_vector();
    for (uint16_t id = 1; id <= 3000; id++) {
        uint8_t value[10] = {0, 0, 0, 0, (uint8_t)(id >> 8), (uint8_t)id, 0, 0, 0, 9};
        wire_hidden(WIRE_M, 79, 10, value, 10, 0);
        if (id % 1000 == 0)
            wire_avp(&wire, WIRE_M | WIRE_H, 0, 7, "x", 1); /* ignored in an FSQ */
    }
    assert_ok(open_wire(&hiding));
    while (l2tpha_message_each(&message, 79, &cursor)) {
        ck_assert(l2tpha_avp_session_state(&cursor.avp, &state));
        ck_assert_uint_eq(state.session_id, ++count);
        ck_assert_uint_eq(state.remote_session_id, 9);
    }
    ck_assert_uint_eq(count, 3000);
    ck_assert_uint_eq(message.ignored, 3);
}
END_TEST

Suite *suite_hidden(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("hidden", &tcase);

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, known_answers, 0, VECTORS);
    tcase_add_test(tcase, every_length_comes_back);
    tcase_add_test(tcase, embedded_length_is_bounded);
    tcase_add_test(tcase, values_of_no_and_one_octet_are_refused);
    tcase_add_test(tcase, hidden_request_is_opened);
    tcase_add_test(tcase, known_hidden_message_is_opened);
    tcase_add_test(tcase, each_vector_applies_to_what_follows);
    tcase_add_loop_test(tcase, undecipherable_follows_the_m_bit, NO_VECTOR, MARKED_VECTOR + 1);
    tcase_add_test(tcase, what_must_not_be_hidden_is_refused);
    tcase_add_test(tcase, hidden_values_are_checked);
    tcase_add_test(tcase, hidden_duplicates_are_seen);
    tcase_add_test(tcase, vendor_values_are_deciphered_too);
    tcase_add_test(tcase, still_hidden_values_are_not_iterated);
    tcase_add_test(tcase, wrong_secret_never_gives_an_open_message);
    tcase_add_test(tcase, scratch_must_hold_the_body);
    tcase_add_loop_test(tcase, broken_crypto_is_told, 0, 3);
    tcase_add_test(tcase, thousands_of_hidden_states_are_read);
    return suite;
}
