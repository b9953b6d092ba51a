/* SPDX-License-Identifier: MIT */
/* The calls about redundancy with no node, no link or no place to write to: an error where one can
 * be returned, nothing elsewhere; and callers that know a shorter struct. */
#include "scenario/rig_trio.h"

#include <string.h>

static const uint8_t byte = 0;

START_TEST(without_a_node)
{
    struct l2tpha_link *link;
    uint64_t number;

    assert_error(l2tpha_checkpoint_bulk(NULL, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_checkpoint_done(NULL, 1, 0, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_checkpoint_stop(NULL, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_checkpoint_apply(NULL, &byte, 1, 1, &number), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(l2tpha_checkpoint_last(NULL), 0);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(NULL), 0);
    assert_error(l2tpha_takeover(NULL, 2, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_fence(NULL, 2, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_switchover(NULL, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_switchover_cancel(NULL, 1), L2TPHA_ERR_INVALID);
    ck_assert(!l2tpha_switchover_ready(NULL));
    assert_error(l2tpha_link_new(NULL, NULL, 1, &link), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(without_a_link)
{
    const uint8_t *data;

    assert_error(l2tpha_link_feed(NULL, &byte, 1, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_send(NULL, 1, &byte, 1, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_expire(NULL, 1), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_link_hand_over(NULL, 1), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(l2tpha_link_poll(NULL, &data, 1), 0);
    ck_assert_uint_eq(l2tpha_link_deadline(NULL), L2TPHA_NEVER);
    l2tpha_link_sent(NULL, 0);
    l2tpha_link_free(NULL, 1);
}
END_TEST

START_TEST(nothing_to_look_at)
{
    struct l2tpha_redundancy_info node = {.size = sizeof(node), .role = 1, .epoch = 9};
    struct l2tpha_link_info link = {.size = sizeof(link), .up = true, .peer_epoch = 9};

    l2tpha_redundancy_get(NULL, &node);
    ck_assert_int_eq((int)node.role, 0);
    ck_assert_uint_eq(node.epoch, 0);
    ck_assert_uint_eq(node.size, sizeof(node));
    l2tpha_link_get(NULL, &link);
    ck_assert(!link.up);
    ck_assert_uint_eq(link.peer_epoch, 0);
    ck_assert_uint_eq(link.size, sizeof(link));
}
END_TEST

START_TEST(nowhere_to_write_to)
{
    struct l2tpha_link *link;

    trio_begin(false);
    l2tpha_redundancy_get(trio.near, NULL);
    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &link));
    l2tpha_link_get(link, NULL);
    ck_assert_uint_eq(l2tpha_link_poll(link, NULL, trio.now), 0);
    l2tpha_link_free(link, trio.now);
}
END_TEST

/* A program built for an earlier release has a shorter one. */
START_TEST(no_more_is_written_than_the_caller_has)
{
    struct l2tpha_redundancy_info whole = {.size = sizeof(whole)}, part;
    const size_t size = offsetof(struct l2tpha_redundancy_info, epoch) + sizeof(part.epoch);
    uint8_t *octets = (uint8_t *)&part;

    trio.now = 7000000;
    trio_begin(true);
    trio_take_over(); /* last_switchover is set */
    memset(&part, 0xa5, sizeof(part));
    part.size = size;
    l2tpha_redundancy_get(trio.near, &whole);
    l2tpha_redundancy_get(trio.near, &part);
    ck_assert_uint_eq(whole.last_switchover, trio.now);
    ck_assert_uint_eq(part.size, size);
    ck_assert_int_eq(part.role, whole.role);
    ck_assert_uint_eq(part.epoch, trio.config.epoch + 1);
    for (size_t i = size; i < sizeof(part); i++)
        ck_assert_uint_eq(octets[i], 0xa5);
}
END_TEST

Suite *suite_nothing(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("nothing", &tcase);

    tcase_add_test(tcase, without_a_node);
    tcase_add_test(tcase, without_a_link);
    tcase_add_test(tcase, nothing_to_look_at);
    tcase_add_test(tcase, nowhere_to_write_to);
    tcase_add_test(tcase, no_more_is_written_than_the_caller_has);
    return suite;
}
