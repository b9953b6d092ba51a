/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "redundancy/byte_queue.h"

#include <stdlib.h>
#include <string.h>

START_TEST(limit_is_exact)
{
    struct byte_queue queue;
    int error = 1;
    TALLOC_CTX *parent = talloc_new(root);

    byte_queue_init(&queue, parent, 10);
    ck_assert_ptr_nonnull(byte_queue_add(&queue, 10, &error));
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_null(byte_queue_add(&queue, 1, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_QUEUE_FULL);
    ck_assert_ptr_null(byte_queue_add(&queue, SIZE_MAX, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_eq(byte_queue_len(&queue), 10);
    byte_queue_take(&queue, 1);
    ck_assert_ptr_nonnull(byte_queue_add(&queue, 1, &error));
    byte_queue_take(&queue, 99);
    ck_assert_uint_eq(byte_queue_len(&queue), 0);
    talloc_free(parent);
}
END_TEST

/* Bytes count up: what is at the front must be the number taken so far. */
START_TEST(any_order_of_adding_and_taking_keeps_the_bytes)
{
    struct byte_queue queue;
    uint8_t in = 0, out = 0, damage = 0;
    size_t held = 0;
    int error;
    TALLOC_CTX *parent = talloc_new(root);

    srand(7);
    byte_queue_init(&queue, parent, 20000);
    for (int round = 0; round < 20000; round++) {
        size_t len = (size_t)rand() % (round % 100 < 50 ? 300 : 30);
        uint8_t *room = byte_queue_add(&queue, len, &error);
        ck_assert_int_eq(room == NULL, held + len > 20000);
        for (size_t i = 0; room && i < len; i++)
            room[i] = in++;
        held += room ? len : 0;

        size_t want = (size_t)rand() % 200;
        want = want < held ? want : held;
        for (size_t i = 0; i < want; i++)
            damage |= byte_queue_data(&queue)[i] ^ (uint8_t)(out + i);
        ck_assert_uint_eq(damage, 0);
        byte_queue_take(&queue, want);
        out = (uint8_t)(out + want);
        held -= want;
        ck_assert_uint_eq(byte_queue_len(&queue), held);
        ck_assert_uint_le(talloc_total_size(parent), 2 * 20000);
    }
    talloc_free(parent);
}
END_TEST

START_TEST(steady_state_keeps_its_memory)
{
    struct byte_queue queue;
    uint8_t *memory = NULL;
    int error;
    TALLOC_CTX *parent = talloc_new(root);

    byte_queue_init(&queue, parent, 1 << 20);
    for (int round = 0; round < 10000; round++) {
        ck_assert_ptr_nonnull(byte_queue_add(&queue, 1000, &error));
        if (byte_queue_len(&queue) > 3000)
            byte_queue_take(&queue, 1000);
        if (round == 100)
            memory = queue.data;
        ck_assert(round <= 100 || queue.data == memory);
    }
    talloc_free(parent);
}
END_TEST

Suite *suite_byte_queue(void);
Suite *suite_byte_queue(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("byte_queue", &tcase);

    tcase_add_test(tcase, limit_is_exact);
    tcase_add_test(tcase, any_order_of_adding_and_taking_keeps_the_bytes);
    tcase_add_test(tcase, steady_state_keeps_its_memory);
    return suite;
}
