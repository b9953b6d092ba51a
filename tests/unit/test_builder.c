/* SPDX-License-Identifier: MIT */
#include <l2tpha/builder.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "fixture.h"
#include "recipes.h"
#include "wire.h"

static struct l2tpha_builder b;
static uint8_t out[65536], scratch[65536];
static size_t out_len;
static struct l2tpha_message message;
static struct l2tpha_decode_fault fault;
static struct l2tpha_hiding hiding;

static void setup(void)
{
    hiding = (struct l2tpha_hiding){tests_crypto(), recipe_secret, sizeof(recipe_secret) - 1};
}

static int build(int recipe, uint8_t *buf, size_t cap)
{
    l2tpha_builder_begin(&b, buf, cap, known[recipe].type, recipes[recipe].tunnel_id,
                         recipes[recipe].session_id);
    recipes[recipe].build(&b);
    return l2tpha_builder_end(&b, &out_len);
}

START_TEST(built_messages_are_the_known_ones)
{
    uint8_t expected[1024];
    size_t len = wire_hex(known[_i].hex, expected, sizeof(expected));

    ck_assert_str_eq(known[_i].name, recipes[_i].name);
    assert_ok(build(_i, out, sizeof(out)));
    ck_assert_uint_eq(out_len, len);
    ck_assert_mem_eq(out, expected, len);
}
END_TEST

/* In memory of exactly that size, so that a write past the end is seen. */
START_TEST(every_smaller_buffer_is_too_small)
{
    assert_ok(build(_i, out, sizeof(out)));
    for (size_t cap = 0, len = out_len; cap <= len; cap++) {
        uint8_t *exact = malloc(cap ? cap : 1);
        ck_assert_ptr_nonnull(exact);
        assert_error(build(_i, exact, cap), cap < len ? L2TPHA_ERR_TOO_SMALL : L2TPHA_OK);
        ck_assert_uint_eq(out_len, cap < len ? 0 : len);
        ck_assert_uint_eq(l2tpha_builder_room(&b), 0);
        free(exact);
    }
}
END_TEST

START_TEST(zlb_is_a_header_alone)
{
    l2tpha_builder_begin(&b, out, 12, L2TPHA_MESSAGE_ZLB, 0x1234, 0);
    assert_ok(l2tpha_builder_end(&b, &out_len));
    ck_assert_uint_eq(out_len, 12);
    l2tpha_header_stamp(out, 5, 6);
    ck_assert_mem_eq(out, "\xc8\2\0\14\x12\x34\0\0\0\5\0\6", 12);
}
END_TEST

/* Every attribute in every message that it may be in, as short and as long as can be, in clear and
 * hidden: what is written is read. */
static void round_trip(uint16_t type, const struct l2tpha_avp_info *info, size_t len, bool hide)
{
    static uint8_t value[1017], other[1017];
    uint16_t required;
    struct l2tpha_bytes got;

    memset(value, 1, sizeof(value));
    memset(other, 2, sizeof(other));
    l2tpha_builder_begin(&b, out, sizeof(out), type, 1, 2);
    if (hide)
        l2tpha_builder_hide(&b, &hiding, recipe_vector, 16);
    for (size_t i = 0; (required = l2tpha_message_required(type, i)) != 0; i++)
        if (required != info->type)
            l2tpha_builder_put_bytes(&b, required, other, l2tpha_avp_info_find(0, required)->min);
    l2tpha_builder_put_bytes(&b, info->type, value, len);
    if (hide && info->hideable && len > 1015) {
        assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);
        return;
    }
    assert_ok(l2tpha_builder_end(&b, &out_len));
    assert_ok(
        l2tpha_message_open(out, out_len, &hiding, scratch, sizeof(scratch), &message, &fault));
    ck_assert_uint_eq(message.ignored, 0);
    ck_assert(l2tpha_message_bytes(&message, info->type, &got));
    if (hide && info->type == L2TPHA_AVP_RANDOM_VECTOR)
        return; /* the builder's own comes first */
    ck_assert_uint_eq(got.len, len);
    if (len)
        ck_assert_mem_eq(got.data, value, len);
    ck_assert_uint_eq(l2tpha_message_find(&message, info->type)->mandatory, info->mandatory);
}

START_TEST(every_attribute_comes_back)
{
    const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, (uint16_t)_i);

    if (!info || _i == 0)
        return;
    for (uint16_t type = 1; type < L2TPHA_MESSAGE_TYPES; type++) {
        for (int hide = 0; hide < 2 && info->messages >> type & 1; hide++) {
            round_trip(type, info, info->min, hide);
            round_trip(type, info, info->max, hide);
        }
    }
}
END_TEST

START_TEST(no_attribute_of_wrong_size_leaves)
{
    static const uint8_t ones[1024] = {1, 1, 1, 1};

    for (uint16_t avp = 0; avp < L2TPHA_AVP_TYPES + 2; avp++) {
        const struct l2tpha_avp_info *info = l2tpha_avp_info_find(0, avp);
        for (uint16_t type = 1; type < L2TPHA_MESSAGE_TYPES; type++) {
            if (!l2tpha_message_is_known(type))
                continue;
            bool home = info && avp != 0 && info->messages >> type & 1;
            size_t wrong[] = {info ? info->min - 1u : 0, info ? info->max + 1u : 1};
            for (size_t i = 0; i < 2; i++) {
                if (home && wrong[i] > 1018) /* min 0 has no shorter one */
                    continue;
                l2tpha_builder_begin(&b, out, sizeof(out), type, 1, 2);
                l2tpha_builder_put_bytes(&b, avp, ones, home ? wrong[i] : info ? info->min : 0);
                assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);
                ck_assert_uint_eq(out_len, 0);
            }
        }
    }
}
END_TEST

#define REFUSED(message_type, call)                                                                \
    do {                                                                                           \
        l2tpha_builder_begin(&b, out, sizeof(out), message_type, 1, 2);                            \
        call;                                                                                      \
        assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);                        \
        ck_assert_uint_eq(out_len, 0);                                                             \
    } while (0)

START_TEST(wrong_values_are_refused)
{
    REFUSED(1, l2tpha_builder_put_u16(&b, 9, 0));
    REFUSED(1, l2tpha_builder_put_u16(&b, 9, 65536));
    REFUSED(1, l2tpha_builder_put_u16(&b, 10, 0));
    REFUSED(10, l2tpha_builder_put_u16(&b, 14, 0));
    REFUSED(1, l2tpha_builder_put_u16(&b, 3, 1));       /* is 32 bits */
    REFUSED(1, l2tpha_builder_put_u32(&b, 9, 1));       /* is 16 bits */
    REFUSED(1, l2tpha_builder_put_u64(&b, 7, 1));       /* is text */
    REFUSED(1, l2tpha_builder_put_u8pair(&b, 9, 1, 1)); /* is one number */
    REFUSED(1, l2tpha_builder_put_flag(&b, 8));         /* has a value */
    REFUSED(1, l2tpha_builder_put_bytes(&b, 0, "\0\1", 2));
    REFUSED(2, l2tpha_builder_put_tunnel_recovery(&b, &(struct l2tpha_tunnel_recovery){1, 1}));
    REFUSED(1, l2tpha_builder_put_tunnel_recovery(&b, &(struct l2tpha_tunnel_recovery){65536, 1}));
    REFUSED(21, l2tpha_builder_put_session_state(&b, &(struct l2tpha_failover_session){1, 65536}));
    REFUSED(1, l2tpha_builder_put_failover_capability(
                   &b, &(struct l2tpha_failover_capability){.recovery_time_ms = 1}));
    REFUSED(6, l2tpha_builder_put_raw(&b, false, 0, 7, "x", 1));
    REFUSED(6, l2tpha_builder_put_raw(&b, false, 9, 7, sixteen, 1018));
    REFUSED(0, l2tpha_builder_put_raw(&b, false, 9, 7, "x", 1));
    REFUSED(0, l2tpha_builder_put_u16(&b, 9, 1));
    REFUSED(4, l2tpha_builder_put_bytes(&b, 1, "\0\1\0", 3));
}
END_TEST

START_TEST(wrong_beginnings_are_refused)
{
    static const uint16_t unknown[] = {5, 13, 17, 20, 30, 65535};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        REFUSED(unknown[i], (void)0);
    l2tpha_builder_begin(&b, out, sizeof(out), 6, 65536, 0);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);
    l2tpha_builder_begin(&b, out, sizeof(out), 6, 1, 65536);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);
    l2tpha_builder_begin(&b, NULL, 0, 6, 1, 0);
    l2tpha_builder_put_raw(&b, false, 9, 9, "x", 1);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(doubles_and_omissions_are_refused)
{
    l2tpha_builder_begin(&b, out, sizeof(out), 11, 1, 2);
    put_number(&b, 14, 5);
    put_number(&b, 14, 5);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_INVALID);

    for (uint16_t type = 1; type < 23; type++) {
        if (!l2tpha_message_required(type, 0))
            continue;
        l2tpha_builder_begin(&b, out, sizeof(out), type, 1, 2);
        assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_AVP_MISSING);
        ck_assert_uint_eq(out_len, 0);
    }
}
END_TEST

START_TEST(first_error_sticks)
{
    l2tpha_builder_begin(&b, out, 20, 10, 1, 2);
    put_number(&b, 14, 5); /* too small */
    put_number(&b, 14, 0); /* invalid */
    ck_assert_uint_eq(l2tpha_builder_room(&b), 0);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_TOO_SMALL);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_TOO_SMALL);
}
END_TEST

START_TEST(hiding_needs_a_secret_and_a_vector)
{
    struct l2tpha_hiding no_secret = {hiding.crypto, recipe_secret, 0},
                         no_crypto = {NULL, recipe_secret, 5};

    REFUSED(6, l2tpha_builder_hide(&b, NULL, recipe_vector, 16));
    REFUSED(6, l2tpha_builder_hide(&b, &no_secret, recipe_vector, 16));
    REFUSED(6, l2tpha_builder_hide(&b, &no_crypto, recipe_vector, 16));
    REFUSED(6, l2tpha_builder_hide(&b, &hiding, NULL, 16));
    REFUSED(6, l2tpha_builder_hide(&b, &hiding, recipe_vector, 15));
    REFUSED(6, l2tpha_builder_hide(&b, &hiding, recipe_vector, 1018));
    /* And what is hidden is checked like what is not. */
    REFUSED(11, l2tpha_builder_hide(&b, &hiding, recipe_vector, 16); put_number(&b, 14, 0));
}
END_TEST

/* One vector, only when something is hidden, and before it. */
START_TEST(vector_is_sent_once_and_when_needed)
{
    struct l2tpha_avp_cursor cursor = {0};

    l2tpha_builder_begin(&b, out, sizeof(out), 6, 1, 0);
    l2tpha_builder_hide(&b, &hiding, recipe_vector, 16);
    assert_ok(l2tpha_builder_end(&b, &out_len));
    ck_assert_uint_eq(out_len, 20);

    assert_ok(build(RECIPES - 1, out, sizeof(out)));
    assert_ok(l2tpha_message_decode(out, out_len, &message, &fault));
    ck_assert_uint_eq(message.hidden, 3);
    ck_assert(!l2tpha_message_find(&message, 7)->hidden);
    ck_assert(l2tpha_message_each(&message, 36, &cursor));
    ck_assert(cursor.avp.mandatory);
    ck_assert(!l2tpha_message_each(&message, 36, &cursor));
}
END_TEST

static int broken_md5(void *user, const struct l2tpha_bytes *parts, size_t count,
                      uint8_t digest[L2TPHA_MD5_SIZE])
{
    (void)user, (void)parts, (void)count, (void)digest;
    return L2TPHA_ERR_CRYPTO;
}

START_TEST(broken_crypto_sends_nothing)
{
    struct l2tpha_crypto crypto = *hiding.crypto;

    crypto.md5 = broken_md5;
    hiding.crypto = &crypto;
    l2tpha_builder_begin(&b, out, sizeof(out), 11, 1, 0);
    l2tpha_builder_hide(&b, &hiding, recipe_vector, 16);
    put_number(&b, 14, 5);
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_CRYPTO);
}
END_TEST

START_TEST(result_has_three_forms)
{
    static const struct {
        uint16_t error;
        const char *text;
        size_t len;
    } rows[] = {{0, NULL, 2}, {0, "", 2}, {8, NULL, 4}, {8, "", 4}, {0, "why", 7}, {8, "why", 7}};
    struct l2tpha_result result;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        l2tpha_builder_begin(&b, out, sizeof(out), 4, 1, 0);
        put_number(&b, 9, 1);
        l2tpha_builder_put_result(&b, 2, rows[i].error, rows[i].text);
        assert_ok(l2tpha_builder_end(&b, &out_len));
        assert_ok(l2tpha_message_decode(out, out_len, &message, &fault));
        ck_assert_uint_eq(l2tpha_message_find(&message, 1)->len, rows[i].len);
        ck_assert(l2tpha_message_result(&message, &result));
        ck_assert_uint_eq(result.result, 2);
        ck_assert_uint_eq(result.error, rows[i].error);
    }
}
END_TEST

/* A long text ends between two characters. */
START_TEST(long_texts_are_cut_between_characters)
{
    char text[1100];
    struct l2tpha_result result;

    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'a', lead);
        for (size_t i = lead; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4); /* EURO SIGN */
        l2tpha_builder_begin(&b, out, sizeof(out), 4, 1, 0);
        put_number(&b, 9, 1);
        l2tpha_builder_put_result(&b, 2, 6, text);
        assert_ok(l2tpha_builder_end(&b, &out_len));
        assert_ok(l2tpha_message_decode(out, out_len, &message, &fault));
        ck_assert(l2tpha_message_result(&message, &result));
        ck_assert_uint_ge(result.text_len, 1011);
        ck_assert_uint_le(result.text_len, 1013);
        ck_assert_uint_eq((result.text_len - lead) % 3, 0);
    }
}
END_TEST

/* No UTF-8 at all, so there is no place to cut: sent without it. */
START_TEST(endless_character_is_left_out)
{
    char text[1100];
    struct l2tpha_result result;

    memset(text, 0x80, sizeof(text));
    text[sizeof(text) - 1] = 0;
    l2tpha_builder_begin(&b, out, sizeof(out), 4, 1, 0);
    put_number(&b, 9, 1);
    l2tpha_builder_put_result(&b, 2, 6, text);
    assert_ok(l2tpha_builder_end(&b, &out_len));
    assert_ok(l2tpha_message_decode(out, out_len, &message, &fault));
    ck_assert(l2tpha_message_result(&message, &result));
    ck_assert(result.error == 6 && result.text_len == 0);
}
END_TEST

START_TEST(capability_bits_are_put_one_by_one)
{
    struct l2tpha_failover_capability got;

    for (int bits = 1; bits < 4; bits++) {
        struct l2tpha_failover_capability capability = {bits & 1, bits & 2, 0xffffffff};
        l2tpha_builder_begin(&b, out, sizeof(out), 1, 0, 0);
        put_base(&b);
        l2tpha_builder_put_failover_capability(&b, &capability);
        assert_ok(l2tpha_builder_end(&b, &out_len));
        assert_ok(l2tpha_message_decode(out, out_len, &message, &fault));
        ck_assert(l2tpha_avp_failover_capability(l2tpha_message_find(&message, 76), &got));
        ck_assert(got.control == capability.control && got.data == capability.data);
        ck_assert_uint_eq(got.recovery_time_ms, 0xffffffff);
    }
}
END_TEST

START_TEST(vendor_avps_are_put_as_they_are)
{
    l2tpha_builder_begin(&b, out, sizeof(out), 6, 1, 0);
    l2tpha_builder_hide(&b, &hiding, recipe_vector, 16);
    l2tpha_builder_put_raw(&b, false, 3561, 2, "agent", 5);
    l2tpha_builder_put_raw(&b, true, 3561, 3, NULL, 0);
    assert_ok(l2tpha_builder_end(&b, &out_len));
    ck_assert_mem_eq(out + 20, "\0\13\x0d\xe9\0\2agent\x80\6\x0d\xe9\0\3", 17);
    ck_assert_uint_eq(out_len, 37);
}
END_TEST

/* The Length field ends at 65535, and the room says how much goes in before. */
START_TEST(large_messages_end_at_the_length_field)
{
    static uint8_t huge[70000];
    unsigned count = 0;

    l2tpha_builder_begin(&b, huge, sizeof(huge), 21, 1, 0);
    for (; l2tpha_builder_room(&b) >= 16; count++)
        l2tpha_builder_put_session_state(&b, &(struct l2tpha_failover_session){1, 1});
    ck_assert_uint_eq(count, (65535 - 20) / 16);
    assert_ok(l2tpha_builder_end(&b, &out_len));
    ck_assert_uint_eq(out_len, 20 + 16 * count);
    assert_ok(l2tpha_message_decode(huge, out_len, &message, &fault));
    l2tpha_builder_put_session_state(&b, &(struct l2tpha_failover_session){1, 1});
    assert_error(l2tpha_builder_end(&b, &out_len), L2TPHA_ERR_TOO_SMALL);
}
END_TEST

Suite *suite_builder(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("builder", &tcase);

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, built_messages_are_the_known_ones, 0, RECIPES);
    tcase_add_loop_test(tcase, every_smaller_buffer_is_too_small, 0, RECIPES);
    tcase_add_test(tcase, zlb_is_a_header_alone);
    tcase_add_loop_test(tcase, every_attribute_comes_back, 0, L2TPHA_AVP_TYPES);
    tcase_add_test(tcase, no_attribute_of_wrong_size_leaves);
    tcase_add_test(tcase, wrong_values_are_refused);
    tcase_add_test(tcase, wrong_beginnings_are_refused);
    tcase_add_test(tcase, doubles_and_omissions_are_refused);
    tcase_add_test(tcase, first_error_sticks);
    tcase_add_test(tcase, hiding_needs_a_secret_and_a_vector);
    tcase_add_test(tcase, vector_is_sent_once_and_when_needed);
    tcase_add_test(tcase, broken_crypto_sends_nothing);
    tcase_add_test(tcase, result_has_three_forms);
    tcase_add_test(tcase, long_texts_are_cut_between_characters);
    tcase_add_test(tcase, endless_character_is_left_out);
    tcase_add_test(tcase, capability_bits_are_put_one_by_one);
    tcase_add_test(tcase, vendor_avps_are_put_as_they_are);
    tcase_add_test(tcase, large_messages_end_at_the_length_field);
    return suite;
}
