/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "pair/farewell.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

static struct farewell_line active, standby;

static void open_line(void)
{
    ck_assert(farewell_open(&active));
    farewell_adopt(&standby, dup(active.in)); /* as it comes through a stream */
}

static void close_line(void)
{
    farewell_close(&active);
    farewell_close(&standby);
}

START_TEST(the_last_word_counts)
{
    ck_assert(!farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_NONE);
    ck_assert(farewell_say(&active, BYE_SOLO));
    ck_assert(farewell_say(&active, BYE_SYNC));
    ck_assert(!farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SYNC);
    ck_assert(farewell_say(&active, BYE_SOLO));
    farewell_close(&active); /* it dies */
    ck_assert(farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SOLO);
    ck_assert(farewell_read(&standby)); /* and so it stays */
    ck_assert_int_eq(standby.last, BYE_SOLO);
}
END_TEST

/* However often a standby that is stopped was told, it is never told too late. */
START_TEST(there_is_always_room_for_the_next_word)
{
    int ends[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ends), 0);
    for (int i = 0; i < 5000; i++) {
        assert_true(farewell_say(&active, i % 2 ? BYE_SYNC : BYE_SOLO));
        if (i == _i)
            ck_assert(farewell_send_channel(&active, ends[1]));
    }
    ck_assert(farewell_say(&active, BYE_SOLO));
    farewell_close(&active);
    ck_assert(farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SOLO);
    ck_assert_int_ge(standby.channel, 0); /* a channel does not give way */
    ck_assert_int_eq(write(standby.channel, "x", 1), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_channel_is_no_word)
{
    struct rlimit before, few;
    ck_assert(farewell_say(&active, BYE_SOLO));
    ck_assert(farewell_send_channel(&active, active.in));
    ck_assert(!farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SOLO);
    ck_assert_int_ge(standby.channel, 0);
    farewell_close(&standby);
    farewell_adopt(&standby, dup(active.in));
    ck_assert(farewell_say(&active, BYE_SOLO));
    ck_assert(farewell_send_channel(&active, active.in));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)standby.in + 1, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ck_assert(!farewell_read(&standby)); /* no room for it */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert(standby.lost);
    ck_assert_int_eq(standby.channel, -1);
    ck_assert_int_eq(standby.last, BYE_SOLO);
}
END_TEST

START_TEST(a_reader_that_is_gone_is_no_signal)
{
    farewell_close(&standby);
    for (int i = 0; i < 100; i++)
        ck_assert(farewell_say(&active, BYE_SOLO));
}
END_TEST

/* Whoever speaks it by hand, or an earlier release, has a pipe, and may have made it to block. */
START_TEST(a_pipe_is_read_without_blocking)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    farewell_close(&standby);
    farewell_adopt(&standby, ends[0]);
    ck_assert(!farewell_read(&standby));
    ck_assert_int_eq(write(ends[1], "si", 2), 2);
    ck_assert(!farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SYNC);
    close(ends[1]);
    ck_assert(farewell_read(&standby));
    ck_assert_int_eq(standby.last, BYE_SYNC);
}
END_TEST

Suite *suite_farewell(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("farewell", &tcase);
    tcase_add_checked_fixture(tcase, open_line, close_line);
    tcase_add_test(tcase, the_last_word_counts);
    tcase_add_loop_test(tcase, there_is_always_room_for_the_next_word, 0, 30);
    tcase_add_test(tcase, a_channel_is_no_word);
    tcase_add_test(tcase, a_reader_that_is_gone_is_no_signal);
    tcase_add_test(tcase, a_pipe_is_read_without_blocking);
    return suite;
}
