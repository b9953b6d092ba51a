/* SPDX-License-Identifier: MIT */
/* How many messages are let out, seen from outside: RFC 2661 5.8 and appendix A. */
#include "unit/channel_end.h"

/* R2661-5.8-18, R2661-5.8-19, R2661-5.8-20, R2661-A-01, -02, -05: outstanding messages in
 * successive rounds in which each one is acknowledged by itself. */
START_TEST(slow_start_doubles_up_to_the_peer_s_window)
{
    static const struct {
        uint16_t window;
        uint32_t rounds[8];
    } rows[] = {{1, {1, 1, 1}},       {2, {1, 2, 2, 2}},    {4, {1, 2, 4, 4, 4}},
                {0, {1, 2, 4, 4, 4}}, /* not known: RFC 2661 4.4.3 */
                {7, {1, 2, 4, 7, 7}}, {8, {1, 2, 4, 8, 8}}, {100, {1, 2, 4, 8, 16, 32, 64}}};
    struct end *end = end_new((struct start){65530, 0, 1, rows[_i].window});
    uint16_t acked = 65530;

    end_say(end, 300);
    for (int i = 0; rows[_i].rounds[i]; i++) {
        uint32_t out = end_flush(end);
        ck_assert_uint_eq(out, rows[_i].rounds[i]);
        for (uint32_t k = 0; k < out; k++)
            end_hear_zlb(end, 0, ++acked);
    }
    for (int i = 0; i < 100; i++) { /* ever more acks, never more than the window */
        end_flush(end);
        end_hear_zlb(end, 0, ++acked);
    }
    ck_assert_uint_le(end->channel->window, rows[_i].window ? rows[_i].window : 4);
    end_free(end);
}
END_TEST

/* R2661-A-02: however few the datagrams are that acknowledge them. */
START_TEST(an_acknowledgement_of_several_counts_for_each)
{
    struct end *end = end_new((struct start){0, 0, 1, 100});

    end_say(end, 20);
    ck_assert_uint_eq(end_flush(end), 1);
    end_hear_zlb(end, 0, 1);
    ck_assert_uint_eq(end_flush(end), 2);
    end_hear_zlb(end, 0, 3);
    ck_assert_uint_eq(end_flush(end), 4);
    end_hear_zlb(end, 0, 7);
    ck_assert_uint_eq(end_flush(end), 8);
    end_free(end);
}
END_TEST

/* A window that becomes known while the channel runs, as with the SCCRP. */
START_TEST(the_peer_s_window_may_become_known_later)
{
    struct end *end = end_new((struct start){0, 0, 1, 0});

    end_say(end, 100);
    for (uint16_t acked = 0; acked < 10; acked++) {
        end_flush(end);
        end_hear_zlb(end, 0, (uint16_t)(acked + 1));
    }
    ck_assert_uint_eq(window_size(end->channel), 4);
    end->entry->record.remote_window = 8;
    for (uint16_t acked = 10; acked < 20; acked++) {
        end_flush(end);
        end_hear_zlb(end, 0, (uint16_t)(acked + 1));
    }
    ck_assert_uint_eq(window_size(end->channel), 8);
    end->entry->record.remote_window = 2;
    ck_assert_uint_eq(window_size(end->channel), 2);
    end_free(end);
}
END_TEST

/* A window of 8 has opened, then nothing was acknowledged in time. */
static struct end *end_after_timeout(uint16_t *acked)
{
    struct end *end = end_new((struct start){*acked, 0, 1, 8});

    end_say(end, 200);
    for (int i = 0; i < 7; i++) {
        end_flush(end);
        end_hear_zlb(end, 0, ++*acked);
    }
    end_flush(end);
    ck_assert_uint_eq((uint16_t)(end->channel->sent_ns - *acked), 8);
    end_wait(end, 1000 * MS + GRAIN_US);
    ck_assert_uint_eq(end->channel->threshold, 4);
    return end;
}

/* R2661-5.8-22, R2661-A-03, R2661-A-04 */
START_TEST(a_timeout_halves_and_growth_turns_linear)
{
    /* CWND after each acknowledgement from the timeout on: slow start up to 4, then 1/CWND. */
    static const uint32_t sizes[] = {2, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7};
    uint16_t acked = 65530;
    struct end *end = end_after_timeout(&acked);

    expect_message(end, acked, 0); /* R2661-5.8-10: the oldest, alone */
    expect_nothing(end);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        end_hear_zlb(end, 0, ++acked);
        ck_assert_uint_eq(end->channel->window, sizes[i]);
        end_flush(end);
    }
    ck_assert_uint_eq(end->engine.counters.retransmissions, 8);
    end_free(end);
}
END_TEST

/* R2661-A-03: CWND messages acknowledged at once are one more. */
START_TEST(growth_is_linear_however_it_is_acknowledged)
{
    static const uint32_t sizes[] = {2, 4, 5, 6, 7, 8, 8};
    uint16_t acked = 65530;
    struct end *end = end_after_timeout(&acked);

    ck_assert_uint_eq(end_flush(end), 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        acked = (uint16_t)(acked + window_size(end->channel));
        end_hear_zlb(end, 0, acked);
        ck_assert_uint_eq(window_size(end->channel), sizes[i]);
        ck_assert_uint_eq(end_flush(end), sizes[i]);
    }
    end_free(end);
}
END_TEST

/* Nothing is below one, however often the timer strikes. */
START_TEST(the_threshold_is_one_at_least)
{
    struct end *end = end_new((struct start){0, 0, 1, 1});

    end_say(end, 1);
    for (int i = 0; i < 3; i++) {
        expect_message(end, 0, 0);
        end_wait(end, end->channel->interval_ms * MS + GRAIN_US);
        ck_assert_uint_eq(end->channel->threshold, 1);
        ck_assert_uint_eq(window_size(end->channel), 1);
    }
    end_free(end);
}
END_TEST

/* The peer kept what came after the lost one: its acknowledgement leaps over the cursor. */
START_TEST(an_acknowledgement_may_overtake_the_cursor)
{
    struct end *end = end_new((struct start){65533, 0, 1, 8});
    uint16_t acked = 65533;

    end_say(end, 10);
    for (int i = 0; i < 3; i++) {
        end_flush(end);
        end_hear_zlb(end, 0, ++acked);
    }
    end_flush(end);
    end_wait(end, 1000 * MS + GRAIN_US);
    expect_message(end, acked, 0);
    acked = (uint16_t)(acked + 4);
    end_hear_zlb(end, 0, acked);
    expect_message(end, acked, 0);
    expect_message(end, acked + 1, 0);
    expect_nothing(end);
    end_free(end);
}
END_TEST

Suite *suite_window(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("window", &tcase);

    tcase_add_loop_test(tcase, slow_start_doubles_up_to_the_peer_s_window, 0, 7);
    tcase_add_test(tcase, an_acknowledgement_of_several_counts_for_each);
    tcase_add_test(tcase, growth_is_linear_however_it_is_acknowledged);
    tcase_add_test(tcase, the_peer_s_window_may_become_known_later);
    tcase_add_test(tcase, a_timeout_halves_and_growth_turns_linear);
    tcase_add_test(tcase, the_threshold_is_one_at_least);
    tcase_add_test(tcase, an_acknowledgement_may_overtake_the_cursor);
    return suite;
}
