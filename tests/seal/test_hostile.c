/* SPDX-License-Identifier: MIT */
/* Whoever has the wire in his hands, and has no key; and who has one and says nonsense. */
#include "ends.h"

#define TEXT "tunnel 17 of the peer at 192.0.2.1"
#define SECOND "session 9"
#define RECORD_LEN(text) (2 + sizeof(text) - 1 + L2TPHA_TAG_SIZE)

static struct octets take_said(struct ends *ends, int which)
{
    struct octets said = ends->said[which];

    ends->said[which] = (struct octets){0};
    return said;
}

/* What an end says when all goes well, from the first octet; and its last record alone. */
static void record_conversation(struct ends *ends, struct octets said[2])
{
    ends->end[0].draws = ends->end[1].draws = 0;
    ends_begin(ends);
    ends_open(ends);
    for (int from = 0; from < 2; from++) {
        end_write(ends, from, TEXT);
        assert_ok(end_carry(ends, from));
        end_write(ends, from, SECOND);
        assert_ok(end_carry(ends, from));
    }
    for (int i = 0; i < 2; i++)
        said[i] = take_said(ends, i);
}

static void forget(struct octets said[2])
{
    talloc_free(said[0].data);
    talloc_free(said[1].data);
}

/* Once more with the same chance: an end that hears what was said to it then, but for what is
 * changed in it. */
static void begin_again(struct ends *ends)
{
    ends->end[0].draws = ends->end[1].draws = 0;
    ends_begin(ends);
}

static void assert_heard_no_more_than(const struct ends *ends, int which, size_t len)
{
    const struct octets *heard = &ends->end[which].heard;

    ck_assert_uint_le(heard->len, len);
    ck_assert(heard->len == 0 || heard->len == sizeof(TEXT) - 1 ||
              heard->len == sizeof(TEXT SECOND) - 1);
    if (heard->len > 0)
        ck_assert_mem_eq(heard->data, TEXT SECOND, heard->len);
}

/* How much is plaintext of what ends before a place in what was said. */
static size_t plain_before(size_t place, int from)
{
    size_t text = HELLO_LEN + (from == CONNECTS ? 18 : 0) + RECORD_LEN(TEXT);

    if (place < text)
        return 0;
    return place < text + RECORD_LEN(SECOND) ? sizeof(TEXT) - 1 : sizeof(TEXT SECOND) - 1;
}

/* ---- changed ---- */

static void assert_flip_is_seen(struct ends *ends, int which, const struct octets *said, size_t bit)
{
    uint8_t *data = talloc_memdup(root, said->data, said->len);
    data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    begin_again(ends);
    int error = end_feed(ends, which, data, said->len, said->len);
    talloc_free(data);
    assert_heard_no_more_than(ends, which, plain_before(bit / 8, 1 - which));
    if (error == L2TPHA_OK) {
        /* A length that has grown: the rest is yet to come, and is not what it ought to be. */
        static const uint8_t more[65536 + 64];
        error = end_feed(ends, which, more, sizeof(more), sizeof(more));
        assert_heard_no_more_than(ends, which, plain_before(bit / 8, 1 - which));
    }
    ck_assert(error == L2TPHA_ERR_SEAL || (error == L2TPHA_ERR_VERSION && bit / 8 == 4));
    assert_failed(ends, which, error);
    ck_assert_int_eq(end_feed(ends, which, said->data, said->len, said->len), error);
    size_t used;
    ck_assert_int_eq(
        l2tpha_seal_write(ends->end[which].seal, (const uint8_t *)"x", 1, &used, ends->now), error);
}

/* Each bit of all that is ever said. */
START_TEST(a_flip_of_any_bit_ends_the_link)
{
    struct ends *ends = ends_new(_i);
    struct octets said[2];

    record_conversation(ends, said);
    for (int which = 0; which < 2; which++)
        for (size_t bit = 0; bit < 8 * said[1 - which].len; bit++)
            assert_flip_is_seen(ends, which, &said[1 - which], bit);
    forget(said);
    ends_free(ends);
}
END_TEST

START_TEST(a_stream_that_ends_anywhere_gives_whole_records)
{
    struct ends *ends = ends_new(_i);
    struct octets said[2];

    record_conversation(ends, said);
    for (int which = 0; which < 2; which++) {
        for (size_t len = 0; len <= said[1 - which].len; len++) {
            begin_again(ends);
            assert_ok(end_feed(ends, which, said[1 - which].data, len, len));
            ck_assert_uint_eq(ends->end[which].heard.len, plain_before(len, 1 - which));
            assert_heard_no_more_than(ends, which, said[1 - which].len);
        }
    }
    forget(said);
    ends_free(ends);
}
END_TEST

START_TEST(octets_that_are_left_out_end_the_link)
{
    struct ends *ends = ends_new(_i);
    struct octets said[2];
    static const uint8_t more[65536 + 64];

    record_conversation(ends, said);
    for (int which = 0; which < 2; which++) {
        const struct octets *all = &said[1 - which];
        for (size_t at = 0; at + 1 < all->len; at++) {
            begin_again(ends);
            int error = end_feed(ends, which, all->data, at, at);
            ck_assert_int_eq(error, L2TPHA_OK);
            error = end_feed(ends, which, all->data + at + 1, all->len - at - 1, all->len);
            if (error == L2TPHA_OK)
                error = end_feed(ends, which, more, sizeof(more), sizeof(more));
            ck_assert(error == L2TPHA_ERR_SEAL || (error == L2TPHA_ERR_VERSION && at <= 4));
            /* The last octet of a record may be like the first of the next one. */
            assert_heard_no_more_than(ends, which, plain_before(at + 1, 1 - which));
        }
    }
    forget(said);
    ends_free(ends);
}
END_TEST

/* ---- repeated, reordered, lost ---- */

/* Two records of one end, to be handed to the other by the test. */
static void write_two(struct ends *ends, int from, struct octets *first, struct octets *second)
{
    struct octets before = take_said(ends, from);

    talloc_free(before.data);
    end_write(ends, from, TEXT);
    end_drain(ends, from);
    *first = take_said(ends, from);
    end_write(ends, from, SECOND);
    end_drain(ends, from);
    *second = take_said(ends, from);
}

START_TEST(a_record_counts_once_and_in_its_place)
{
    struct ends *ends = ends_new(_i / 6);
    int from = _i % 6 / 3, which = 1 - from;
    struct octets first, second;

    ends_open(ends);
    write_two(ends, from, &first, &second);
    switch (_i % 3) {
    case 0: /* repeated */
        assert_ok(end_feed(ends, which, first.data, first.len, first.len));
        assert_error(end_feed(ends, which, first.data, first.len, first.len), L2TPHA_ERR_SEAL);
        assert_heard(ends, which, TEXT);
        break;
    case 1: /* reordered, or the first one lost */
        assert_error(end_feed(ends, which, second.data, second.len, second.len), L2TPHA_ERR_SEAL);
        assert_heard(ends, which, "");
        break;
    default: /* as it should be, and sent back to who has said it */
        assert_ok(end_feed(ends, which, first.data, first.len, first.len));
        assert_ok(end_feed(ends, which, second.data, second.len, second.len));
        assert_heard(ends, which, TEXT SECOND);
        assert_error(end_feed(ends, from, first.data, first.len, first.len), L2TPHA_ERR_SEAL);
        assert_failed(ends, from, L2TPHA_ERR_SEAL);
        assert_heard(ends, from, "");
        which = from;
    }
    assert_failed(ends, which, L2TPHA_ERR_SEAL);
    assert_error(end_feed(ends, which, second.data, second.len, second.len), L2TPHA_ERR_SEAL);
    talloc_free(first.data);
    talloc_free(second.data);
    ends_free(ends);
}
END_TEST

/* The same two nodes, with the same key and other chance. */
START_TEST(a_record_of_another_stream_is_refused)
{
    struct ends *ends = ends_new(_i);
    struct octets first, second;

    ends_open(ends);
    write_two(ends, CONNECTS, &first, &second);
    ends_begin(ends);
    ends_open(ends);
    assert_error(end_feed(ends, ACCEPTS, first.data, first.len, first.len), L2TPHA_ERR_SEAL);
    assert_heard(ends, ACCEPTS, "");
    talloc_free(first.data);
    talloc_free(second.data);
    ends_free(ends);
}
END_TEST

/* ---- a handshake that is not what it seems ---- */

START_TEST(own_bytes_sent_back_are_refused)
{
    struct ends *ends = ends_new(_i);
    const uint8_t *data;

    size_t len = l2tpha_seal_poll(ends->end[CONNECTS].seal, &data);
    ck_assert_uint_eq(len, HELLO_LEN);
    octets_add(&ends->said[CONNECTS], data, len);
    assert_error(end_feed(ends, CONNECTS, ends->said[CONNECTS].data, len, len), L2TPHA_ERR_SEAL);
    assert_failed(ends, CONNECTS, L2TPHA_ERR_SEAL);
    ends_free(ends);
}
END_TEST

/* It has been heard by somebody, who says it again: an answer, and no more. */
START_TEST(a_replayed_first_message_gets_an_answer_and_no_more)
{
    struct ends *ends = ends_new(_i);
    struct octets said[2];
    size_t used;

    record_conversation(ends, said);
    ends_begin(ends);
    struct l2tpha_seal *seal = ends->end[ACCEPTS].seal;
    assert_ok(end_feed(ends, ACCEPTS, said[CONNECTS].data, HELLO_LEN, HELLO_LEN));
    ck_assert_int_eq(end_info(ends, ACCEPTS).state, L2TPHA_SEAL_ANSWERED);
    const uint8_t *data;
    ck_assert_uint_eq(l2tpha_seal_poll(seal, &data), HELLO_LEN);
    ck_assert_int_ne(memcmp(data, said[ACCEPTS].data, HELLO_LEN), 0);
    l2tpha_seal_sent(seal, HELLO_LEN);
    for (int i = 0; i < 10; i++) {
        assert_ok(l2tpha_seal_write(seal, (const uint8_t *)TEXT, sizeof(TEXT), &used, ends->now));
        ck_assert_uint_eq(used, 0);
        ck_assert_uint_eq(l2tpha_seal_poll(seal, &data), 0);
    }
    if (_i % 4 < 2) {
        assert_error(end_feed(ends, ACCEPTS, said[CONNECTS].data + HELLO_LEN, 18, 18),
                     L2TPHA_ERR_SEAL);
        assert_failed(ends, ACCEPTS, L2TPHA_ERR_SEAL);
    } else {
        assert_error(l2tpha_seal_expire(seal, ends->now + 2000000), L2TPHA_ERR_TIMEOUT);
    }
    assert_heard(ends, ACCEPTS, "");
    forget(said);
    ends_free(ends);
}
END_TEST

/* An adapter that counts what is costly, and may do one thing wrongly. */
static unsigned multiplications;
static bool small_point;

static int count_x25519(void *user, const uint8_t *scalar, const uint8_t *point, uint8_t *result)
{
    (void)user;
    multiplications++;
    if (small_point) {
        memset(result, 0, L2TPHA_KEY_SIZE);
        return 0;
    }
    return adapters[0]()->x25519(adapters[0]()->user, scalar, point, result);
}

static struct ends *ends_of_counting(struct l2tpha_crypto *crypto, int which, const char *connects,
                                     const char *accepts)
{
    const struct l2tpha_crypto *both[] = {adapters[0](), adapters[0]()};

    *crypto = *adapters[0]();
    crypto->x25519 = count_x25519;
    both[which] = crypto;
    struct ends *ends = ends_new_with(both, connects, accepts);
    multiplications = 0;
    return ends;
}

static const struct {
    const char *connects, *accepts;
} strangers[] = {
    {"key 1 " SECRET_1, "key 1 " SECRET_2},                     /* another secret */
    {"key 2 " SECRET_1, "key 1 " SECRET_1},                     /* an id that is not known */
    {"key 2 " SECRET_1, "key 1 " SECRET_1 "\nkey 2 " SECRET_2}, /* both */
    {"key 4294967295 " SECRET_1 "\nsuite aes", "key 1 " SECRET_1},
    {"key 1 " SECRET_1 "\nsuite aes", "key 1 " SECRET_2 "\nsuite aes"},
};

START_TEST(a_stranger_costs_no_arithmetic_and_hears_nothing)
{
    struct l2tpha_crypto crypto;
    struct ends *ends =
        ends_of_counting(&crypto, ACCEPTS, strangers[_i].connects, strangers[_i].accepts);

    assert_error(end_carry(ends, CONNECTS), L2TPHA_ERR_SEAL);
    assert_failed(ends, ACCEPTS, L2TPHA_ERR_SEAL);
    ck_assert_uint_eq(multiplications, 0);
    ck_assert_uint_eq(ends->end[ACCEPTS].draws, 0);
    ends_free(ends);
}
END_TEST

/* As soon as the id is there: the message behind it is not waited for. */
START_TEST(an_unknown_id_is_refused_at_its_last_octet)
{
    struct ends *ends = ends_new(_i);
    const uint8_t prologue[] = {'L', '2', 'H', 'A', 2, (uint8_t)(_i % 2 + 1), 0, 0, 0, 9};

    assert_ok(end_feed(ends, ACCEPTS, prologue, 9, 9));
    assert_error(end_feed(ends, ACCEPTS, prologue + 9, 1, 1), L2TPHA_ERR_SEAL);
    ends_free(ends);
}
END_TEST

static const struct {
    uint8_t prologue[PROLOGUE_LEN];
    int error;
} prologues[] = {
    {{'L', '2', 'H', 'A', 1, 1, 0, 0, 0, 1}, L2TPHA_ERR_VERSION},
    {{'L', '2', 'H', 'A', 3, 1, 0, 0, 0, 1}, L2TPHA_ERR_VERSION},
    {{'L', '2', 'H', 'A', 2, 0, 0, 0, 0, 1}, L2TPHA_ERR_SEAL},
    {{'L', '2', 'H', 'A', 2, 3, 0, 0, 0, 1}, L2TPHA_ERR_SEAL},
    {{'L', '2', 'H', 'A', 2, 255, 0, 0, 0, 1}, L2TPHA_ERR_SEAL},
    {{'L', '2', 'H', 'A', 2, 1, 0, 0, 0, 0}, L2TPHA_ERR_SEAL},
    {{'L', '2', 'H', 'A', 2, 1, 1, 0, 0, 0}, L2TPHA_ERR_SEAL},
    {{0, 0, 0, 26, 1, 0, 0, 0, 0, 0}, L2TPHA_ERR_SEAL}, /* a link that is not sealed */
    {{'l', '2', 'h', 'a', 2, 1, 0, 0, 0, 1}, L2TPHA_ERR_SEAL},
};
#define PROLOGUES ((int)(sizeof(prologues) / sizeof(prologues[0])))

START_TEST(a_prologue_is_what_it_has_to_be)
{
    struct ends *ends = ends_new(0);

    for (int which = 0; which < 2; which++)
        assert_error(end_feed(ends, which, prologues[_i].prologue, PROLOGUE_LEN, PROLOGUE_LEN),
                     prologues[_i].error);
    ends_free(ends);
}
END_TEST

/* Both suites are known here: what the other one asks for must be what it has signed. */
START_TEST(another_suite_or_key_on_the_way_is_seen)
{
    struct ends *ends =
        ends_new_with((const struct l2tpha_crypto *const[]){adapters[0](), adapters[0]()},
                      "key 1 " SECRET_1, "key 1 " SECRET_1 "\nkey 2 " SECRET_1);

    end_drain(ends, CONNECTS);
    ends->said[CONNECTS].data[_i == 0 ? 5 : 9] = 2;
    assert_error(end_feed(ends, ACCEPTS, ends->said[CONNECTS].data, HELLO_LEN, HELLO_LEN),
                 L2TPHA_ERR_SEAL);
    ends_free(ends);
}
END_TEST

/* It has the key, and a point that would make the same secret with any scalar. */
START_TEST(a_point_of_small_order_is_refused)
{
    struct l2tpha_crypto crypto;

    small_point = true;
    struct ends *ends = ends_of_counting(&crypto, _i, KEYS_CHACHA, KEYS_CHACHA);
    if (_i == CONNECTS) {
        assert_error(end_carry(ends, CONNECTS), L2TPHA_ERR_CRYPTO);
        assert_failed(ends, ACCEPTS, L2TPHA_ERR_CRYPTO);
    } else {
        assert_ok(end_carry(ends, CONNECTS));
        assert_error(end_carry(ends, ACCEPTS), L2TPHA_ERR_CRYPTO);
        assert_failed(ends, CONNECTS, L2TPHA_ERR_CRYPTO);
    }
    small_point = false;
    ends_free(ends);
}
END_TEST

/* ---- records ---- */

START_TEST(a_record_has_room_for_its_tag)
{
    struct ends *ends = ends_new(_i);
    uint8_t record[2 + 15] = {0};

    for (uint8_t len = 0; len < L2TPHA_TAG_SIZE; len++) {
        ends_begin(ends);
        ends_open(ends);
        record[1] = len;
        assert_error(end_feed(ends, ACCEPTS, record, 3, 3), L2TPHA_ERR_SEAL);
    }
    ends_free(ends);
}
END_TEST

/* What is announced costs nothing before it comes. */
START_TEST(memory_grows_with_what_has_come)
{
    struct ends *ends = ends_new(_i);
    uint8_t header[] = {0xff, 0xff}, octet = 0;

    assert_ok(end_carry(ends, CONNECTS));
    ends_begin(ends);
    assert_ok(end_carry(ends, CONNECTS)); /* answered: nobody is proven yet */
    assert_ok(end_feed(ends, ACCEPTS, header, 2, 2));
    for (int i = 0; i < 100; i++)
        assert_ok(end_feed(ends, ACCEPTS, &octet, 1, 1));
    ck_assert_uint_le(ends->end[ACCEPTS].seal->in.room, 8192);
    ends_free(ends);
}
END_TEST

/* Nothing secret is left in an end that has failed. */
START_TEST(failure_wipes)
{
    struct ends *ends = ends_new(_i);
    static const uint8_t zeros[70000];
    uint8_t record[100] = {0, 98};

    ends_open(ends);
    end_write(ends, ACCEPTS, TEXT);
    struct l2tpha_seal *seal = ends->end[ACCEPTS].seal;
    assert_error(end_feed(ends, ACCEPTS, record, sizeof(record), sizeof(record)), L2TPHA_ERR_SEAL);
    ck_assert_mem_eq(seal->to_peer.key, zeros, L2TPHA_KEY_SIZE);
    ck_assert_mem_eq(seal->from_peer.key, zeros, L2TPHA_KEY_SIZE);
    ck_assert_mem_eq(&seal->noise, zeros, sizeof(seal->noise));
    ck_assert_mem_eq(seal->in.data, zeros, seal->in.room);
    ck_assert_mem_eq(seal->out.data, zeros, seal->out.room);
    ends_free(ends);
}
END_TEST

Suite *suite_hostile(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("hostile", &tcase);

    tcase_add_loop_test(tcase, a_flip_of_any_bit_ends_the_link, 0, 2);
    tcase_add_loop_test(tcase, a_stream_that_ends_anywhere_gives_whole_records, 0, WAYS);
    tcase_add_loop_test(tcase, octets_that_are_left_out_end_the_link, 0, 2);
    tcase_add_loop_test(tcase, a_record_counts_once_and_in_its_place, 0, 6 * WAYS);
    tcase_add_loop_test(tcase, a_record_of_another_stream_is_refused, 0, WAYS);
    tcase_add_loop_test(tcase, own_bytes_sent_back_are_refused, 0, WAYS);
    tcase_add_loop_test(tcase, a_replayed_first_message_gets_an_answer_and_no_more, 0, WAYS);
    tcase_add_loop_test(tcase, a_stranger_costs_no_arithmetic_and_hears_nothing, 0,
                        (int)(sizeof(strangers) / sizeof(strangers[0])));
    tcase_add_loop_test(tcase, an_unknown_id_is_refused_at_its_last_octet, 0, 2);
    tcase_add_loop_test(tcase, a_prologue_is_what_it_has_to_be, 0, PROLOGUES);
    tcase_add_loop_test(tcase, another_suite_or_key_on_the_way_is_seen, 0, 2);
    tcase_add_loop_test(tcase, a_point_of_small_order_is_refused, 0, 2);
    tcase_add_loop_test(tcase, a_record_has_room_for_its_tag, 0, WAYS);
    tcase_add_loop_test(tcase, memory_grows_with_what_has_come, 0, WAYS);
    tcase_add_loop_test(tcase, failure_wipes, 0, WAYS);
    return suite;
}
