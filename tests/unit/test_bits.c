/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "fixture.h"

START_TEST(lowest_bit_of_every_place)
{
    uint64_t bit = UINT64_C(1) << _i;

    ck_assert_uint_eq(bits_lowest(bit), (unsigned)_i);
    ck_assert_uint_eq(bits_lowest(UINT64_MAX << _i), (unsigned)_i);
    ck_assert_uint_eq(bits_lowest(bit | UINT64_C(1) << 63), (unsigned)_i);
}
END_TEST

START_TEST(words_round_up)
{
    ck_assert_uint_eq(bits_words(0), 0);
    ck_assert_uint_eq(bits_words(1), 1);
    ck_assert_uint_eq(bits_words(64), 1);
    ck_assert_uint_eq(bits_words(65), 2);
}
END_TEST

START_TEST(next_finds_what_was_added)
{
    uint64_t set[4] = {0};

    ck_assert_uint_eq(bits_next(set, 0, 256), 256);
    bits_add(set, 63);
    bits_add(set, 64);
    bits_add(set, 255);
    ck_assert(bits_has(set, 63) && bits_has(set, 64) && !bits_has(set, 65));
    ck_assert_uint_eq(bits_next(set, 0, 256), 63);
    ck_assert_uint_eq(bits_next(set, 63, 256), 63);
    ck_assert_uint_eq(bits_next(set, 64, 256), 64);
    ck_assert_uint_eq(bits_next(set, 65, 256), 255);
    ck_assert_uint_eq(bits_next(set, 65, 192), 192);
    ck_assert_uint_eq(bits_next(set, 256, 256), 256);
    ck_assert_uint_eq(bits_next(set, 1000, 256), 256);
    bits_drop(set, 64);
    ck_assert(bits_has(set, 63) && !bits_has(set, 64));
    ck_assert_uint_eq(bits_next(set, 64, 256), 255);
}
END_TEST

/* Each input bit flips each output bit about every second time. */
START_TEST(mix_spreads_each_bit)
{
    enum { SAMPLES = 2000 };
    unsigned flips[64] = {0};

    for (uint64_t sample = 0; sample < SAMPLES; sample++) {
        uint64_t changed = bits_mix(sample) ^ bits_mix(sample ^ UINT64_C(1) << _i);
        for (unsigned out = 0; out < 64; out++)
            flips[out] += changed >> out & 1;
    }
    for (unsigned out = 0; out < 64; out++)
        ck_assert_msg(flips[out] > SAMPLES * 2 / 5 && flips[out] < SAMPLES * 3 / 5,
                      "bit %d flips bit %u %u times of %d", _i, out, flips[out], SAMPLES);
}
END_TEST

START_TEST(mix32_spreads_each_bit)
{
    enum { SAMPLES = 2000 };
    unsigned flips[32] = {0};

    for (uint32_t sample = 0; sample < SAMPLES; sample++) {
        uint32_t changed = bits_mix32(sample) ^ bits_mix32(sample ^ UINT32_C(1) << _i);
        for (unsigned out = 0; out < 32; out++)
            flips[out] += changed >> out & 1;
    }
    for (unsigned out = 0; out < 32; out++)
        ck_assert_msg(flips[out] > SAMPLES * 2 / 5 && flips[out] < SAMPLES * 3 / 5,
                      "bit %d flips bit %u %u times of %d", _i, out, flips[out], SAMPLES);
}
END_TEST

static uint32_t inverse(uint32_t odd)
{
    uint32_t x = odd;

    for (int i = 0; i < 5; i++)
        x *= 2 - odd * x;
    return x;
}

/* Tables take the mixed key for the key: there is one way back. */
START_TEST(mix32_is_one_to_one)
{
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t key = i * UINT32_C(0x9e3779b1) + i, x = bits_mix32(key);
        x ^= x >> 16;
        x *= inverse(UINT32_C(0x846ca68b));
        x ^= x >> 15 ^ x >> 30;
        x *= inverse(UINT32_C(0x7feb352d));
        x ^= x >> 16;
        assert_true(x == key);
    }
}
END_TEST

Suite *suite_bits(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("bits", &tcase);
    tcase_add_loop_test(tcase, lowest_bit_of_every_place, 0, 64);
    tcase_add_test(tcase, words_round_up);
    tcase_add_test(tcase, next_finds_what_was_added);
    tcase_add_loop_test(tcase, mix_spreads_each_bit, 0, 64);
    tcase_add_loop_test(tcase, mix32_spreads_each_bit, 0, 32);
    tcase_add_test(tcase, mix32_is_one_to_one);
    return suite;
}
