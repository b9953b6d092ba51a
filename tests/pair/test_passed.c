/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "pair/passed.h"

#include <errno.h>
#include <l2tpha/pair.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MANY 3000

/* Tags that meet in one place among others. */
static uint32_t tag_of(uint32_t i)
{
    return i % 3 == 0 ? i << 16 : i * 7;
}

START_TEST(what_was_put_is_found_until_it_is_taken)
{
    struct passed passed = {0};
    ck_assert_int_eq(passed_find(&passed, 5), -1);
    ck_assert_int_eq(passed_take(&passed, 5), -1);
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(passed_put(&passed, tag_of(i), (int)i));
    assert_ok(passed_put(&passed, tag_of(8), 5000));
    ck_assert_int_eq(passed_find(&passed, tag_of(8)), 5000);
    assert_ok(passed_put(&passed, tag_of(8), 8));
    size_t count = passed.count;
    for (uint32_t i = 0; i < MANY; i += 2) { /* an even one, by whichever turn had its tag last */
        int fd = passed_find(&passed, tag_of(i));
        assert_true(fd >= 0 && tag_of((uint32_t)fd) == tag_of(i));
        assert_true(passed_take(&passed, tag_of(i)) == fd);
        assert_true(passed_find(&passed, tag_of(i)) == -1);
        count--;
    }
    ck_assert_uint_eq(passed.count, count);
    for (size_t i = 0; i < passed.places; i++)
        if (passed.entries[i].used)
            assert_true(passed_find(&passed, passed.entries[i].tag) == passed.entries[i].fd);
    passed_clear(&passed, false);
    ck_assert_int_eq(passed_find(&passed, tag_of(1)), -1);
}
END_TEST

START_TEST(there_is_a_limit)
{
    struct passed passed = {0};
    for (uint32_t i = 0; i < L2TPHA_PAIR_PASSED_MAX; i++)
        assert_true(passed_put(&passed, i, 3) == L2TPHA_OK);
    assert_error(passed_put(&passed, L2TPHA_PAIR_PASSED_MAX, 3), L2TPHA_ERR_LIMIT);
    assert_ok(passed_put(&passed, 7, 4)); /* in place of another */
    passed_take(&passed, 9);
    assert_ok(passed_put(&passed, L2TPHA_PAIR_PASSED_MAX, 3));
    passed_clear(&passed, false);
}
END_TEST

START_TEST(owned_ones_are_closed)
{
    int ends[2];
    char byte;
    struct passed passed = {0};
    ck_assert_int_eq(pipe(ends), 0);
    assert_ok(passed_put(&passed, 1, ends[1]));
    passed_clear(&passed, true);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}
END_TEST

START_TEST(a_queue_keeps_its_order_and_has_a_limit)
{
    struct passed_queue queue = {0};
    for (uint32_t i = 0; i < 10000; i++) { /* two come while one leaves */
        assert_true(passed_queue_put(&queue, 2 * i) == L2TPHA_OK);
        assert_true(passed_queue_put(&queue, 2 * i + 1) == L2TPHA_OK);
        assert_true(queue.tags[queue.first++] == i);
    }
    ck_assert_uint_eq(queue.count - queue.first, 10000);
    int error = L2TPHA_OK;
    for (uint32_t i = 0; i < 5 * L2TPHA_PAIR_PASSED_MAX && error == L2TPHA_OK; i++)
        error = passed_queue_put(&queue, i);
    assert_error(error, L2TPHA_ERR_LIMIT);
    passed_queue_clear(&queue);
}
END_TEST

START_TEST(a_descriptor_goes_with_its_tag)
{
    int channel[2], ends[2], fd;
    uint32_t tag;
    bool lost;
    char byte = 0;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert(passed_send(channel[0], 77, ends[1]));
    ck_assert(passed_send(channel[0], 78, -1));
    close(ends[1]);
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), 1);
    ck_assert_uint_eq(tag, 77);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');
    close(fd);
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), 1);
    ck_assert_uint_eq(tag, 78);
    ck_assert_int_eq(fd, -1);
    ck_assert(!lost);
    ck_assert_int_eq(send(channel[0], "abc", 3, 0), 3); /* no tag at all */
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), -1);
    ck_assert_int_eq(errno, EPROTO);
    close(channel[0]);
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), 0);
    close(channel[1]);
    close(ends[0]);
}
END_TEST

START_TEST(one_that_there_is_no_room_for_is_told)
{
    int channel[2], fd;
    uint32_t tag;
    bool lost;
    struct rlimit before, few;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
    ck_assert(passed_send(channel[0], 4, channel[0]));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)channel[1] + 1, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ck_assert_int_eq(passed_receive(channel[1], &tag, &fd, &lost), 1);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_eq(tag, 4);
    ck_assert_int_eq(fd, -1);
    ck_assert(lost);
    close(channel[0]);
    close(channel[1]);
}
END_TEST

Suite *suite_passed(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("passed", &tcase);
    tcase_add_test(tcase, what_was_put_is_found_until_it_is_taken);
    tcase_add_test(tcase, there_is_a_limit);
    tcase_add_test(tcase, owned_ones_are_closed);
    tcase_add_test(tcase, a_queue_keeps_its_order_and_has_a_limit);
    tcase_add_test(tcase, a_descriptor_goes_with_its_tag);
    tcase_add_test(tcase, one_that_there_is_no_room_for_is_told);
    return suite;
}
