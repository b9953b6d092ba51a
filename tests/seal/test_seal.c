/* SPDX-License-Identifier: MIT */
/* Two ends that mean well. */
#include "ends.h"

#include <stddef.h>

#define MEGABYTE (1024 * 1024)

START_TEST(what_is_said_is_heard)
{
    struct ends *ends = ends_new(_i);

    ends_open(ends);
    end_write(ends, CONNECTS, "hello");
    assert_ok(end_carry(ends, CONNECTS));
    end_write(ends, ACCEPTS, "you too");
    assert_ok(end_carry(ends, ACCEPTS));
    end_write(ends, CONNECTS, " again");
    assert_ok(end_carry(ends, CONNECTS));
    assert_heard(ends, ACCEPTS, "hello again");
    assert_heard(ends, CONNECTS, "you too");
    for (int i = 0; i < 2; i++) {
        struct l2tpha_seal_info info = end_info(ends, i);
        ck_assert_uint_eq(info.key_id, 1);
        ck_assert_int_eq(info.suite, _i % 2 ? L2TPHA_SUITE_AES : L2TPHA_SUITE_CHACHA);
        ck_assert_uint_eq(info.records_out, i == CONNECTS ? 3 : 1);
        ck_assert_uint_eq(info.records_in, i == CONNECTS ? 1 : 3);
        ck_assert_int_eq(info.error, 0);
        ck_assert_ptr_null(info.reason);
        ck_assert_uint_eq(l2tpha_seal_deadline(ends->end[i].seal), L2TPHA_NEVER);
    }
    ends_free(ends);
}
END_TEST

/* "L2HA", version 2, suite, key id; 48 octets of handshake; records with their length. */
START_TEST(octets_are_where_the_format_says)
{
    struct ends *ends = ends_new(_i);

    ends_open(ends);
    end_write(ends, ACCEPTS, "four");
    assert_ok(end_carry(ends, ACCEPTS));
    for (int i = 0; i < 2; i++)
        assert_octets(ends->said[i].data, 10,
                      _i % 2 ? "4c324841020200000001" : "4c324841020100000001");
    ck_assert_uint_eq(ends->said[CONNECTS].len, 10 + 48 + 2 + 16);
    assert_octets(ends->said[CONNECTS].data + 58, 2, "0010");
    ck_assert_uint_eq(ends->said[ACCEPTS].len, 10 + 48 + 2 + 4 + 16);
    assert_octets(ends->said[ACCEPTS].data + 58, 2, "0014");
    ends_free(ends);
}
END_TEST

static const char *const texts[2][3] = {{"one", "", "a third piece"}, {"two", "and", "so on"}};

/* A conversation, all of which is kept. */
static void converse(struct ends *ends)
{
    ends_open(ends);
    for (int i = 0; i < 3; i++) {
        for (int from = 0; from < 2; from++) {
            end_write(ends, from, texts[from][i]);
            assert_ok(end_carry(ends, from));
        }
    }
}

/* The same octets as before, so that those that were kept are their answers: an end hears the other
 * one in two pieces. */
static void hear_again(struct ends *ends, const struct octets said[2], int which, size_t cut)
{
    const struct octets *other = &said[1 - which];

    ends->end[0].draws = ends->end[1].draws = 0;
    ends_begin(ends);
    assert_ok(end_feed(ends, which, other->data, cut, cut));
    assert_ok(end_feed(ends, which, other->data + cut, other->len - cut, other->len));
    assert_heard(ends, which, which == ACCEPTS ? "onea third piece" : "twoandso on");
}

START_TEST(the_stream_may_be_cut_anywhere)
{
    struct ends *ends = ends_new(_i);
    struct octets said[2];

    converse(ends);
    for (int i = 0; i < 2; i++) {
        said[i] = ends->said[i];
        ends->said[i] = (struct octets){0};
    }
    for (int which = 0; which < 2; which++)
        for (size_t cut = 0; cut <= said[1 - which].len; cut++)
            hear_again(ends, said, which, cut);
    for (int which = 0; which < 2; which++) {
        ends->end[0].draws = ends->end[1].draws = 0;
        ends_begin(ends);
        assert_ok(end_feed(ends, which, said[1 - which].data, said[1 - which].len, 1));
        assert_heard(ends, which, which == ACCEPTS ? "onea third piece" : "twoandso on");
    }
    talloc_free(said[0].data);
    talloc_free(said[1].data);
    ends_free(ends);
}
END_TEST

static void assert_takes_nothing(struct ends *ends, int which)
{
    size_t used = 7;

    assert_ok(l2tpha_seal_write(ends->end[which].seal, (const uint8_t *)"x", 1, &used, ends->now));
    ck_assert_uint_eq(used, 0);
}

START_TEST(nothing_is_taken_before_the_peer_has_proven_itself)
{
    struct ends *ends = ends_new(_i);

    assert_takes_nothing(ends, CONNECTS);
    assert_takes_nothing(ends, ACCEPTS);
    ck_assert_int_eq(end_info(ends, CONNECTS).state, L2TPHA_SEAL_CONNECTING);
    ck_assert_int_eq(end_info(ends, ACCEPTS).state, L2TPHA_SEAL_ACCEPTING);
    ck_assert_uint_eq(end_info(ends, ACCEPTS).key_id, 0);
    assert_ok(end_carry(ends, CONNECTS));
    ck_assert_int_eq(end_info(ends, ACCEPTS).state, L2TPHA_SEAL_ANSWERED);
    assert_ok(end_carry(ends, ACCEPTS));
    assert_takes_nothing(ends, ACCEPTS);
    ck_assert_int_eq(end_info(ends, CONNECTS).state, L2TPHA_SEAL_OPEN);
    assert_ok(end_carry(ends, CONNECTS));
    ck_assert_int_eq(end_info(ends, ACCEPTS).state, L2TPHA_SEAL_OPEN);
    ends_free(ends);
}
END_TEST

START_TEST(what_waits_fills_the_next_record)
{
    struct ends *ends = ends_new(_i);
    const uint8_t *data;

    ends_open(ends);
    end_write(ends, CONNECTS, "first");
    assert_takes_nothing(ends, CONNECTS);
    for (size_t len = 5 + 18; len > 0; len--) {
        ck_assert_uint_eq(l2tpha_seal_poll(ends->end[CONNECTS].seal, &data), len);
        assert_takes_nothing(ends, CONNECTS);
        assert_ok(end_feed(ends, ACCEPTS, data, 1, 1));
        l2tpha_seal_sent(ends->end[CONNECTS].seal, 1);
    }
    ck_assert_uint_eq(l2tpha_seal_poll(ends->end[CONNECTS].seal, &data), 0);
    ck_assert_ptr_null(data);
    l2tpha_seal_sent(ends->end[CONNECTS].seal, 1); /* more than there is */
    end_write(ends, CONNECTS, "+second");
    assert_ok(end_carry(ends, CONNECTS));
    assert_heard(ends, ACCEPTS, "first+second");
    ends_free(ends);
}
END_TEST

START_TEST(a_megabyte_goes_through_either_way)
{
    struct ends *ends = ends_new(_i);
    uint8_t *data = talloc_array(root, uint8_t, MEGABYTE);

    for (size_t i = 0; i < MEGABYTE; i++)
        data[i] = (uint8_t)(i * i >> 3);
    ends_open(ends);
    for (int from = 0; from < 2; from++) {
        struct octets *heard = &ends->end[1 - from].heard;
        end_say(ends, from, data, MEGABYTE);
        ck_assert_uint_eq(heard->len, MEGABYTE);
        ck_assert_int_eq(memcmp(heard->data, data, MEGABYTE), 0);
        /* 16 records of 65,519 octets and one of 272; the one that proves who connects. */
        ck_assert_uint_eq(end_info(ends, from).records_out, from == CONNECTS ? 18 : 17);
    }
    /* One record each way is what is ever held. */
    for (int i = 0; i < 2; i++)
        ck_assert_uint_le(ends->end[i].seal->in.room + ends->end[i].seal->out.room, 2 * 65600);
    talloc_free(data);
    ends_free(ends);
}
END_TEST

/* ---- time ---- */

START_TEST(a_handshake_has_two_seconds)
{
    struct ends *ends = ends_new(_i);
    uint64_t begun = ends->now;

    assert_ok(end_carry(ends, CONNECTS)); /* who accepts has answered: nobody hears it */
    for (int i = 0; i < 2; i++) {
        struct l2tpha_seal *seal = ends->end[i].seal;
        ck_assert_uint_eq(l2tpha_seal_deadline(seal), begun + 2000000);
        assert_ok(l2tpha_seal_expire(seal, begun + 1999999));
        assert_error(l2tpha_seal_expire(seal, begun + 2000000), L2TPHA_ERR_TIMEOUT);
        assert_failed(ends, i, L2TPHA_ERR_TIMEOUT);
        assert_error(l2tpha_seal_expire(seal, 0), L2TPHA_ERR_TIMEOUT);
        assert_error(end_feed(ends, i, (const uint8_t *)"x", 1, 1), L2TPHA_ERR_TIMEOUT);
    }
    ends_free(ends);
}
END_TEST

START_TEST(a_handshake_may_have_longer)
{
    struct ends *ends = ends_new(0);
    struct l2tpha_seal_options options = {.size = sizeof(options), .handshake_ms = 5000};

    assert_ok(end_make(ends, _i, &options));
    ck_assert_uint_eq(l2tpha_seal_deadline(ends->end[_i].seal), ends->now + 5000000);
    ends_free(ends);
}
END_TEST

START_TEST(an_open_seal_does_not_expire)
{
    struct ends *ends = ends_new(_i);

    ends_open(ends);
    for (int i = 0; i < 2; i++)
        assert_ok(l2tpha_seal_expire(ends->end[i].seal, UINT64_MAX - 1));
    end_write(ends, CONNECTS, "still");
    assert_ok(end_carry(ends, CONNECTS));
    assert_heard(ends, ACCEPTS, "still");
    ends_free(ends);
}
END_TEST

/* ---- keys on the way ---- */

static void assert_keys_agree(const struct ends *ends)
{
    const struct l2tpha_seal *connects = ends->end[CONNECTS].seal;
    const struct l2tpha_seal *accepts = ends->end[ACCEPTS].seal;

    ck_assert_mem_eq(connects->to_peer.key, accepts->from_peer.key, L2TPHA_KEY_SIZE);
    ck_assert_mem_eq(connects->from_peer.key, accepts->to_peer.key, L2TPHA_KEY_SIZE);
    ck_assert_mem_ne(connects->to_peer.key, accepts->to_peer.key, L2TPHA_KEY_SIZE);
}

START_TEST(keys_change_by_count)
{
    struct ends *ends = ends_new(_i);
    uint8_t key[L2TPHA_KEY_SIZE];

    ck_assert_uint_eq(ends->end[CONNECTS].seal->rekey_records, 1u << 24);
    for (int i = 0; i < 2; i++)
        ends->end[i].seal->rekey_records = 4;
    ends_open(ends);
    for (unsigned n = 1; n <= 20; n++) {
        memcpy(key, ends->end[ACCEPTS].seal->to_peer.key, sizeof(key));
        end_write(ends, ACCEPTS, "x");
        bool changed = memcmp(key, ends->end[ACCEPTS].seal->to_peer.key, sizeof(key)) != 0;
        ck_assert_int_eq(changed, n % 4 == 0);
        assert_ok(end_carry(ends, ACCEPTS));
        assert_keys_agree(ends);
        ck_assert_uint_eq(end_info(ends, ACCEPTS).keys_out, n / 4);
        ck_assert_uint_eq(end_info(ends, CONNECTS).keys_in, n / 4);
    }
    assert_heard(ends, CONNECTS, "xxxxxxxxxxxxxxxxxxxx");
    ends_free(ends);
}
END_TEST

/* The first of who connects has been empty. */
START_TEST(keys_change_at_the_boundary_of_the_real_count)
{
    struct ends *ends = ends_new(_i);

    ends_open(ends);
    ends->end[CONNECTS].seal->to_peer.nonce = (1u << 24) - 2;
    ends->end[ACCEPTS].seal->from_peer.nonce = (1u << 24) - 2;
    for (unsigned n = 0; n < 4; n++) {
        end_write(ends, CONNECTS, "y");
        assert_ok(end_carry(ends, CONNECTS));
        ck_assert_uint_eq(end_info(ends, CONNECTS).keys_out, n < 1 ? 1 : 2);
        assert_keys_agree(ends);
    }
    assert_heard(ends, ACCEPTS, "yyyy");
    ends_free(ends);
}
END_TEST

START_TEST(ends_that_count_differently_do_not_understand_one_another)
{
    struct ends *ends = ends_new(_i);

    ends->end[ACCEPTS].seal->rekey_records = 2;
    ends_open(ends);
    end_write(ends, CONNECTS, "1");
    assert_ok(end_carry(ends, CONNECTS));
    end_write(ends, CONNECTS, "2");
    assert_error(end_carry(ends, CONNECTS), L2TPHA_ERR_SEAL);
    assert_heard(ends, ACCEPTS, "1");
    ends_free(ends);
}
END_TEST

START_TEST(keys_change_by_time)
{
    struct ends *ends = ends_new(_i);
    uint64_t begun = ends->now;

    ends_open(ends);
    for (unsigned minute = 1; minute <= 200; minute++) {
        ends->now = begun + minute * UINT64_C(60000000);
        end_write(ends, ACCEPTS, "z");
        assert_ok(end_carry(ends, ACCEPTS));
        ck_assert_uint_eq(end_info(ends, ACCEPTS).keys_out, minute / 60);
        assert_keys_agree(ends);
    }
    ck_assert_uint_eq(ends->end[CONNECTS].heard.len, 200);
    ck_assert_uint_eq(end_info(ends, CONNECTS).keys_in, 3);
    ends->now = begun; /* a clock that goes back changes nothing */
    end_write(ends, ACCEPTS, "z");
    assert_ok(end_carry(ends, ACCEPTS));
    ck_assert_uint_eq(end_info(ends, ACCEPTS).keys_out, 3);
    ends_free(ends);
}
END_TEST

/* ---- key files ---- */

static void replace(struct ends *ends, int which, const char *text)
{
    assert_ok(l2tpha_seal_keys_replace(ends->end[which].keys, text, strlen(text), NULL));
}

static void assert_still_open(struct ends *ends, struct l2tpha_seal *live[2], unsigned *said)
{
    struct l2tpha_seal *others[] = {ends->end[0].seal, ends->end[1].seal};

    for (int i = 0; i < 2; i++) {
        ends->end[i].seal = live[i];
        talloc_free(ends->end[i].heard.data);
        ends->end[i].heard = (struct octets){0};
    }
    end_write(ends, CONNECTS, "live");
    assert_ok(end_carry(ends, CONNECTS));
    assert_heard(ends, ACCEPTS, "live");
    for (int i = 0; i < 2; i++) {
        live[i] = ends->end[i].seal;
        ends->end[i].seal = others[i];
    }
    ++*said;
}

/* Add below, move up, remove: at one node and then the other, no link is cut and each new one is
 * possible. */
START_TEST(keys_are_rotated_while_links_live)
{
    static const struct {
        const char *connects, *accepts;
        uint32_t id;
    } steps[] = {
        {"key 1 " SECRET_1, "key 1 " SECRET_1 "\nkey 2 " SECRET_2, 1},
        {"key 1 " SECRET_1 "\nkey 2 " SECRET_2, "key 1 " SECRET_1 "\nkey 2 " SECRET_2, 1},
        {"key 2 " SECRET_2 "\nkey 1 " SECRET_1, "key 1 " SECRET_1 "\nkey 2 " SECRET_2, 2},
        {"key 2 " SECRET_2 "\nkey 1 " SECRET_1, "key 2 " SECRET_2 "\nkey 1 " SECRET_1, 2},
        {"key 2 " SECRET_2, "key 2 " SECRET_2 "\nkey 1 " SECRET_1, 2},
        {"suite aes\nkey 2 " SECRET_2, "key 2 " SECRET_2, 2},
    };
    struct ends *ends = ends_new(_i);
    struct l2tpha_seal *live[2];
    unsigned said = 0;

    ends_open(ends);
    for (int i = 0; i < 2; i++) {
        live[i] = ends->end[i].seal;
        ends->end[i].seal = NULL;
    }
    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        replace(ends, CONNECTS, steps[step].connects);
        replace(ends, ACCEPTS, steps[step].accepts);
        ends_begin(ends);
        ends_open(ends);
        ck_assert_uint_eq(end_info(ends, ACCEPTS).key_id, steps[step].id);
        assert_still_open(ends, live, &said);
    }
    ck_assert_uint_eq(said, 6);
    replace(ends, CONNECTS, "key 1 " SECRET_1);
    ends_begin(ends);
    assert_error(end_carry(ends, CONNECTS), L2TPHA_ERR_SEAL);
    assert_failed(ends, ACCEPTS, L2TPHA_ERR_SEAL);
    assert_still_open(ends, live, &said);
    l2tpha_seal_free(live[0]);
    l2tpha_seal_free(live[1]);
    ends_free(ends);
}
END_TEST

/* ---- what a host may get wrong ---- */

static int no_chance(void *user, uint8_t *dst, size_t len)
{
    (void)user, (void)dst, (void)len;
    return -1;
}

START_TEST(without_chance_there_is_no_handshake)
{
    struct ends *ends = ends_new(0);
    struct l2tpha_seal_options options = {.size = sizeof(options), .random = no_chance};

    assert_error(end_make(ends, CONNECTS, &options), L2TPHA_ERR_HOST);
    ck_assert_ptr_null(ends->end[CONNECTS].seal);
    assert_ok(end_make(ends, CONNECTS, NULL));
    assert_ok(end_make(ends, ACCEPTS, &options));
    assert_error(end_carry(ends, CONNECTS), L2TPHA_ERR_HOST);
    assert_failed(ends, ACCEPTS, L2TPHA_ERR_HOST);
    ends_free(ends);
}
END_TEST

static int make(const struct l2tpha_seal_options *options)
{
    struct l2tpha_seal *seal = (struct l2tpha_seal *)1;

    int error = l2tpha_seal_new(root, options, 0, &seal);
    ck_assert(error != L2TPHA_OK && seal == NULL);
    return error;
}

START_TEST(what_is_required_must_be_there)
{
    struct ends *ends = ends_new(0);
    const struct l2tpha_seal_options whole = ends->end[0].seal->options;
    struct l2tpha_seal_options options;
    struct l2tpha_crypto crypto = *whole.crypto;

    assert_error(l2tpha_seal_new(root, &whole, 0, NULL), L2TPHA_ERR_INVALID);
    assert_error(make(NULL), L2TPHA_ERR_INVALID);
    options = whole, options.size = 0;
    assert_error(make(&options), L2TPHA_ERR_INVALID);
    options = whole, options.size = offsetof(struct l2tpha_seal_options, random);
    assert_error(make(&options), L2TPHA_ERR_INVALID);
    options = whole, options.keys = NULL;
    assert_error(make(&options), L2TPHA_ERR_INVALID);
    options = whole, options.crypto = NULL;
    assert_error(make(&options), L2TPHA_ERR_INVALID);
    options = whole, options.crypto = &crypto;
    crypto.size = offsetof(struct l2tpha_crypto, open);
    assert_error(make(&options), L2TPHA_ERR_CRYPTO);
    crypto = *whole.crypto, crypto.x25519 = NULL;
    assert_error(make(&options), L2TPHA_ERR_CRYPTO);
    crypto = *whole.crypto, crypto.hmac_sha256 = NULL;
    assert_error(make(&options), L2TPHA_ERR_CRYPTO);
    l2tpha_seal_free(NULL);
    ends_free(ends);
}
END_TEST

START_TEST(an_older_caller_gets_what_it_knows)
{
    struct ends *ends = ends_new(0);
    struct l2tpha_seal_info info;

    memset(&info, 0x55, sizeof(info));
    info.size = offsetof(struct l2tpha_seal_info, error);
    l2tpha_seal_get(ends->end[0].seal, &info);
    ck_assert_int_eq(info.state, L2TPHA_SEAL_CONNECTING);
    ck_assert_uint_eq(info.size, offsetof(struct l2tpha_seal_info, error));
    ck_assert_int_eq(info.error, 0x55555555);
    ends_free(ends);
}
END_TEST

START_TEST(states_have_names)
{
    ck_assert_str_eq(l2tpha_seal_state_name(L2TPHA_SEAL_CONNECTING), "connecting");
    ck_assert_str_eq(l2tpha_seal_state_name(L2TPHA_SEAL_ACCEPTING), "accepting");
    ck_assert_str_eq(l2tpha_seal_state_name(L2TPHA_SEAL_ANSWERED), "answered");
    ck_assert_str_eq(l2tpha_seal_state_name(L2TPHA_SEAL_OPEN), "open");
    ck_assert_str_eq(l2tpha_seal_state_name(L2TPHA_SEAL_FAILED), "failed");
    ck_assert_str_eq(l2tpha_seal_state_name((enum l2tpha_seal_state)77), "?");
}
END_TEST

Suite *suite_seal(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("seal", &tcase);

    tcase_add_loop_test(tcase, what_is_said_is_heard, 0, WAYS);
    tcase_add_loop_test(tcase, octets_are_where_the_format_says, 0, WAYS);
    tcase_add_loop_test(tcase, the_stream_may_be_cut_anywhere, 0, WAYS);
    tcase_add_loop_test(tcase, nothing_is_taken_before_the_peer_has_proven_itself, 0, WAYS);
    tcase_add_loop_test(tcase, what_waits_fills_the_next_record, 0, WAYS);
    tcase_add_loop_test(tcase, a_megabyte_goes_through_either_way, 0, WAYS);
    tcase_add_loop_test(tcase, a_handshake_has_two_seconds, 0, WAYS);
    tcase_add_loop_test(tcase, a_handshake_may_have_longer, 0, 2);
    tcase_add_loop_test(tcase, an_open_seal_does_not_expire, 0, WAYS);
    tcase_add_loop_test(tcase, keys_change_by_count, 0, WAYS);
    tcase_add_loop_test(tcase, keys_change_at_the_boundary_of_the_real_count, 0, WAYS);
    tcase_add_loop_test(tcase, ends_that_count_differently_do_not_understand_one_another, 0, WAYS);
    tcase_add_loop_test(tcase, keys_change_by_time, 0, WAYS);
    tcase_add_loop_test(tcase, keys_are_rotated_while_links_live, 0, WAYS);
    tcase_add_test(tcase, without_chance_there_is_no_handshake);
    tcase_add_test(tcase, what_is_required_must_be_there);
    tcase_add_test(tcase, an_older_caller_gets_what_it_knows);
    tcase_add_test(tcase, states_have_names);
    return suite;
}
